package io.cairn.tck;

import io.cairn.tck.MemoryProvider.Flaw;

/** The smallest driver passes. */
final class MemoryDriverTest extends MemoryFixture {
    MemoryDriverTest() {
        super(Flaw.NONE);
    }
}
