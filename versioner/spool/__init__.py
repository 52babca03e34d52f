"""The events that wait on this machine: line codec, store, shared sends."""
