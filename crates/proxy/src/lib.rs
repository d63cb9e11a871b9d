//! The front door: listen, route, switch, drain, pause.
