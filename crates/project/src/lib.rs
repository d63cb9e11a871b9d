//! The project file: fly.toml and shipgate.toml, parsed, validated and explained.
