//! Every name of the exported telemetry: spans, attributes, labels, metrics and their buckets.
//!
//! Names of OpenTelemetry's semantic conventions are used where there is one; everything else begins with `migrascope.`.
//! Names contain no values: versions, files and messages are attributes.

mod attributes;
mod catalogue;
mod records;

pub use self::attributes::*;
pub use self::catalogue::*;
pub use self::records::*;
