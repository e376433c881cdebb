//! An empty library: the package has tests only.
