//! The linked kernel's work, compiled for the widest vectors of this machine.
//!
//! A native build is for any processor of its kind, whose vectors are narrow. So the work on a
//! chunk is compiled several times, and the version for this processor runs. The bytes are the
//! same: all arithmetic is on integers.

use inktensor_primitives::kernel::KernelError;
use inktensor_yuma::{ChunkWork, Room, Work};
use pulp::{Arch, Simd, WithSimd};

/// Does the work of `task`.
///
/// # Errors
/// Those of the work.
pub fn run(task: ChunkWork, room: &mut Room) -> Result<Work, KernelError> {
    Arch::new().dispatch(Wide(task, room))
}

struct Wide<'a>(ChunkWork<'a>, &'a mut Room);

impl WithSimd for Wide<'_> {
    type Output = Result<Work, KernelError>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self(task, room) = self;
        task.run(room)
    }
}
