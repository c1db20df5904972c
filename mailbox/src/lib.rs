//! What crosses a process boundary in swarm: ids, wire messages and the durable file mailbox.
//!
//! Promises: a message is delivered at least once and can be recognised by its id, messages of one sender
//! keep their order, and nothing is deleted before its reader says that it was handled.
//! Knows nothing of plans, workers, git or async runtimes.

pub mod id;
