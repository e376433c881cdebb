//! Traits of a subnet's work.
