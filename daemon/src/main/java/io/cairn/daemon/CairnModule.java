package io.cairn.daemon;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.backup.BackupPolicy;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;

import jakarta.inject.Singleton;

/**
 * How the daemon's parts find each other. What must be opened and closed in order comes in open:
 * {@link Daemon} sees to that.
 */
final class CairnModule extends AbstractModule {
    private final Configuration configuration;
    private final StateStore store;
    private final Backends backends;

    CairnModule(Configuration configuration, StateStore store, Backends backends) {
        this.configuration = configuration;
        this.store = store;
        this.backends = backends;
    }

    @Override
    protected void configure() {
        binder().requireExplicitBindings();
        binder().requireAtInjectOnConstructors();
        binder().requireExactBindingAnnotations();
        binder().disableCircularProxies();
        bind(StateStore.class).toInstance(store);
        bind(Backends.class).toInstance(backends);
        bind(Metrics.class).toInstance(new Metrics());
        bind(Audit.class).toInstance(new Audit());
        bind(Volumes.class);
        bind(KeyValues.class);
        bind(Checks.class);
    }

    @Provides
    @Singleton
    Transfers transfers(Volumes volumes, KeyValues keyValues) {
        return new Transfers(volumes, keyValues, backends, configuration.daemon().transferFolder());
    }

    @Provides
    @Singleton
    Backups backups() {
        DaemonConfig.Backups config = configuration.daemon().backups();
        return new Backups(
                store,
                Daemon.SCHEMA,
                new BackupPolicy(
                        config.folder(),
                        config.every(),
                        config.keep(),
                        configuration.daemon().storeMinFreeBytes()),
                backends.daemon());
    }

    @Provides
    @Singleton
    Callers callers(Audit audit) {
        return new Callers(configuration.daemon().jmx().inProcessRole(), audit);
    }
}
