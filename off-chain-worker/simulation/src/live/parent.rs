//! The end of a process whose parent has ended, by whatever signal.
//!
//! A parent holds the other end of its child's standard input and writes nothing. The system closes
//! that end with the parent, and the child ends.

use std::{env, io, process, thread};

/// The variable by which a parent asks for this.
pub const ENDS_WITH_PARENT: &str = "INKTENSOR_ENDS_WITH_PARENT";
/// Exit code of a process whose parent has ended.
const PARENT_ENDED: i32 = 2;

/// Lets this process end with its parent, if the parent has set [`ENDS_WITH_PARENT`]. Standard
/// input is read to its end then.
///
/// # Errors
/// If the system starts no thread.
pub fn end_with_parent() -> io::Result<()> {
    if env::var_os(ENDS_WITH_PARENT).is_none() {
        return Ok(());
    }
    let watch = || {
        // An input that cannot be read has no parent behind it either.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        process::exit(PARENT_ENDED);
    };
    thread::Builder::new().name("parent".into()).spawn(watch)?;
    Ok(())
}
