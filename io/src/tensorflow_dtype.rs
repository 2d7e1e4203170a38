//! TensorFlow's numbers of the dtypes (`tensorflow/core/framework/types.proto`): they stand in bundles, events and
//! graphs, and in our own files, because they will never change.

use gradus_kernels::DType;

/// The number of a dtype.
pub(crate) const fn code(dtype: DType) -> u8 {
    match dtype {
        DType::F32 => 1,
        DType::F64 => 2,
        DType::I32 => 3,
        DType::U8 => 4,
        DType::I16 => 5,
        DType::I8 => 6,
        DType::C64 => 8,
        DType::I64 => 9,
        DType::Bool => 10,
        DType::BF16 => 14,
        DType::U16 => 17,
        DType::C128 => 18,
        DType::F16 => 19,
        DType::U32 => 22,
        DType::U64 => 23,
    }
}

/// The dtype of a number.
pub(crate) fn from_code(number: u8) -> Option<DType> {
    DType::ALL.into_iter().find(|&d| code(d) == number)
}
