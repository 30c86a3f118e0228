package io.cairn.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.DriverException;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** That calls of a driver are refused as they should be. */
public final class Refusals {
    private Refusals() {}

    /**
     * Makes sure that a call fails so, and by nothing but a driver's own exception; returns that.
     */
    public static DriverException assertFails(DriverException.Kind kind, ThrowingCallable call) {
        try {
            call.call();
        } catch (DriverException e) {
            assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(kind);
            assertThat(e.getMessage()).isNotBlank();
            return e;
        } catch (Throwable e) {
            throw new AssertionError("only a DriverException was expected", e);
        }
        throw new AssertionError("it succeeded; %s was expected".formatted(kind));
    }

    /**
     * The same.
     *
     * @param named what its message contains, as text
     */
    public static DriverException assertFails(
            DriverException.Kind kind, Object named, ThrowingCallable call) {
        DriverException e = assertFails(kind, call);
        assertThat(e).hasMessageContaining(named.toString());
        return e;
    }
}
