package io.cairn.daemon.volume.history;

/**
 * One request and its answer.
 *
 * @param invoked when it was sent, by a counter that all clients share
 * @param effect when its effect was told of, if it is known that it had one; otherwise 0. It is
 *     only where the search for an order begins.
 * @param returned when the answer was there
 */
public record Call(
        int client, Request request, Answer answer, long invoked, long effect, long returned) {
    long likely() {
        return effect > 0 ? effect : returned;
    }

    @Override
    public String toString() {
        return "%d..%s..%d client %d: %s -> %s"
                .formatted(invoked, effect > 0 ? effect : "", returned, client, request, answer);
    }
}
