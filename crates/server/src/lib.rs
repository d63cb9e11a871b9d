//! The daemon: supervision of machines, the front door, and the control socket.
