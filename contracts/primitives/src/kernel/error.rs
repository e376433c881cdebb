//! Errors of kernels.

/// Errors of a kernel. Variant order is ABI: append only.
///
/// None occurs in an epoch whose inputs the chain gathered and whose earlier steps are correct,
/// except `BadParams`, with which no epoch closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum KernelError {
    /// The kernel's parameters do not decode, or one is out of bounds. Set them again on the
    /// subnet.
    BadParams,
    /// The phase or the chunk is not in the plan. Use a step of the plan.
    StepOutOfRange,
    /// The number of neurons, or of rows, does not match header and chunk, or a weight is for no
    /// neuron of the chunk. Gather the inputs again.
    BadInputs,
    /// The carry is not one that the step before produces. Recompute the step before.
    BadCarry,
    /// The scratch is not one that the phase before produces. Recompute the phase before.
    BadScratch,
    /// The memory is not one that an epoch of this kernel leaves. Use the last final epoch's.
    BadMemory,
}

#[cfg(feature = "std")]
impl core::fmt::Display for KernelError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadParams => {
                "the kernel's parameters do not decode or are out of bounds; set them again on the \
                 subnet"
            }
            Self::StepOutOfRange => "the step is not in the plan; use a step of the plan",
            Self::BadInputs => {
                "the number of neurons or rows does not match header and chunk, or a weight is for \
                 no neuron of the chunk; gather the inputs again"
            }
            Self::BadCarry => {
                "the carry is not one that the step before produces; recompute the step before"
            }
            Self::BadScratch => {
                "the scratch is not one that the phase before produces; recompute the phase before"
            }
            Self::BadMemory => {
                "the memory is not one that an epoch of this kernel leaves; use the last final \
                 epoch's"
            }
        })
    }
}
