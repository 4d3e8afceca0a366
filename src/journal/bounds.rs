//! Bucket bounds of the histograms.

/// Upper bounds in seconds for runs and migrations: milliseconds to hours.
pub const DURATION_BOUNDS: &[f64] =
    &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0];

/// Upper bounds in seconds for waiting for the lock; the default timeout is one minute.
pub const WAIT_BOUNDS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];

/// Upper bounds in seconds for health checks: those of OpenTelemetry's semantic conventions for database operations.
pub const CHECK_BOUNDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
