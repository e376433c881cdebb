//! Miners and validators as services.
