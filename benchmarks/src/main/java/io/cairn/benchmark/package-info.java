/** What a snapshot costs, each measure beside the floor that the machine sets. */
@NullMarked
package io.cairn.benchmark;

import org.jspecify.annotations.NullMarked;
