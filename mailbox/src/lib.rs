//! What crosses a process boundary in swarm: ids, wire messages, the durable file mailbox and leases.
//!
//! Promises: a message is delivered at least once and can be recognised by its id, messages of one sender
//! keep their order, and nothing is deleted before its reader says that it was handled. A lease has one living
//! owner at most, and a dead owner's lease is free.
//! Knows nothing of plans, workers, git or async runtimes. Reading order: `id`, `wire`, `store`, `process`, `lease`.

pub mod durable;
pub mod id;
pub mod lease;
pub mod process;
pub mod store;
pub mod wire;
