package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.EventTexts.Target;
import io.cairn.daemon.jmx.EventTexts.Told;
import io.cairn.daemon.volume.VolumeEvent;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

import javax.management.MBeanServerDelegate;
import javax.management.MBeanServerNotification;
import javax.management.Notification;
import javax.management.ObjectName;

/**
 * Tells listeners what happened, on a thread of its own, so that a slow listener holds up no
 * operation. What comes while a long queue is full is left out and counted: notifications are
 * hints, lists are the truth. Safe for many threads.
 */
final class Notifier {
    private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

    /** A second of a busy daemon. */
    private static final int QUEUE = 10_000;

    private final BlockingQueue<VolumeEvent> queue = new ArrayBlockingQueue<>(QUEUE);
    private final LongAdder missed = new LongAdder();
    private final Subscriptions subscriptions;
    private final Consumer<Notification> registrations;
    private final Thread thread;
    private long sequence;
    private long registrationSequence;

    /**
     * @param registrations is told of virtual MBeans that came and went, as of registered ones
     */
    Notifier(Subscriptions subscriptions, Consumer<Notification> registrations) {
        this.subscriptions = subscriptions;
        this.registrations = registrations;
        this.thread = Thread.ofPlatform().name("cairn-notifications").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Tells what is queued no more. */
    void stop() {
        thread.interrupt();
    }

    /** Never blocks. */
    void tell(VolumeEvent event) {
        // By far the most of all, and nothing is registered by them.
        boolean state = event instanceof VolumeEvent.StateChanged;
        if (state && !subscriptions.any()) {
            return;
        }
        // What came and went matters more, where not all can be told.
        if (state && queue.size() > QUEUE / 2) {
            missed.increment();
            return;
        }
        if (!queue.offer(event)) {
            missed.increment();
        }
    }

    /** How many events were left out since the daemon started. */
    long missed() {
        return missed.sum();
    }

    private void run() {
        try {
            while (true) {
                VolumeEvent event = queue.take();
                try {
                    send(EventTexts.of(event));
                    if (event instanceof VolumeEvent.BackendForgotten forgotten) {
                        subscriptions.forgetAllOf(forgotten.backend());
                    }
                } catch (RuntimeException e) {
                    LOG.error("Listeners could not be told of {}", event, e);
                }
            }
        } catch (InterruptedException _) {
            // The daemon is stopping: nothing else interrupts this thread.
        }
    }

    private void send(Told told) {
        sequence++;
        long now = System.currentTimeMillis();
        for (Target target : told.targets()) {
            ObjectName name = target.name();
            switch (target.change()) {
                case CAME -> register(MBeanServerNotification.REGISTRATION_NOTIFICATION, name);
                case STAYED, WENT -> {}
            }
            if (subscriptions.anybodyListensTo(name)) {
                Notification notification =
                        new Notification(told.type(), name, sequence, now, told.message());
                notification.setUserData(OpenForm.open(told.data()));
                subscriptions.send(name, notification);
            }
            switch (target.change()) {
                case WENT -> {
                    register(MBeanServerNotification.UNREGISTRATION_NOTIFICATION, name);
                    subscriptions.forget(name);
                }
                case STAYED, CAME -> {}
            }
        }
    }

    private void register(String type, ObjectName name) {
        registrations.accept(
                new MBeanServerNotification(
                        type, MBeanServerDelegate.DELEGATE_NAME, ++registrationSequence, name));
    }
}
