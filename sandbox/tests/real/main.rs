//! The sandbox on its real parts: a control plane and a MongoDB that are started, used, killed and stopped.

mod cluster;
mod lifecycle;
mod mongodb;
mod shared;
mod wait;
