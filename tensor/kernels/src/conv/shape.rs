//! Sizes of a two-dimensional convolution, checked once.

/// Strides, dilations, padding and groups of a convolution; the default is 1, 1, none, 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Conv2dOptions {
    /// Steps between output pixels, [height, width].
    pub strides: [usize; 2],
    /// Steps between filter taps, [height, width].
    pub dilations: [usize; 2],
    /// Zeros around the image: [[top, bottom], [left, right]].
    pub pads: [[usize; 2]; 2],
    /// Channels and filters fall into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Conv2dOptions { strides: [1, 1], dilations: [1, 1], pads: [[0, 0], [0, 0]], groups: 1 }
    }
}

impl Conv2dOptions {
    /// Options with other strides and TensorFlow's "same" padding for an input of this height and width:
    /// the output has `ceil(size / stride)` pixels, and an odd zero goes to the bottom and right.
    pub fn same(size: [usize; 2], kernel: [usize; 2], strides: [usize; 2], dilations: [usize; 2]) -> Self {
        let pads = std::array::from_fn(|i| {
            let stride = strides[i].max(1);
            let reach = kernel[i].saturating_sub(1) * dilations[i] + 1;
            let total = (size[i].div_ceil(stride).saturating_sub(1) * stride + reach).saturating_sub(size[i]);
            [total / 2, total - total / 2]
        });
        Conv2dOptions { strides, dilations, pads, ..Conv2dOptions::default() }
    }
}

/// A checked two-dimensional convolution of NHWC images with an HWIO filter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Conv2dShape {
    pub(crate) input: [usize; 4],
    pub(crate) filter: [usize; 4],
    pub(crate) output: [usize; 4],
    pub(crate) options: Conv2dOptions,
    pub(crate) winograd: bool,
}

impl Conv2dShape {
    /// Checks that input [N, H, W, C], filter [KH, KW, C / groups, O] and options fit together.
    ///
    /// Errors, as text: a zero stride, dilation, group count or filter extent; channels or filters that the
    /// groups do not divide; other channels in the filter; a filter larger than the padded image; sizes
    /// that overflow.
    pub fn new(input: [usize; 4], filter: [usize; 4], options: Conv2dOptions) -> Result<Self, String> {
        let Conv2dOptions { strides, dilations, pads, groups } = options;
        let fail = |what: String| Err(format!("conv2d: {what}; input {input:?}, filter {filter:?}"));
        if strides.contains(&0) || dilations.contains(&0) || groups == 0 {
            return fail(format!(
                "strides {strides:?}, dilations {dilations:?} and groups {groups} must be at least 1"
            ));
        }
        if filter[0] == 0 || filter[1] == 0 {
            return fail("the filter has no taps".into());
        }
        if filter[2].checked_mul(groups) != Some(input[3]) {
            return fail(format!(
                "{} channels, but {groups} groups of {} in the filter",
                input[3], filter[2]
            ));
        }
        if !filter[3].is_multiple_of(groups) {
            return fail(format!("{} filters cannot form {groups} groups", filter[3]));
        }
        let mut output = [input[0], 0, 0, filter[3]];
        for axis in 0..2 {
            let size = input[1 + axis].checked_add(pads[axis][0]).and_then(|v| v.checked_add(pads[axis][1]));
            let reach = (filter[axis] - 1).checked_mul(dilations[axis]).and_then(|v| v.checked_add(1));
            match (size, reach) {
                (Some(size), Some(reach)) if size >= reach => {
                    output[1 + axis] = (size - reach) / strides[axis] + 1;
                }
                (Some(size), Some(reach)) => {
                    let name = ["height", "width"][axis];
                    return fail(format!(
                        "a filter that spans {reach} is larger than the padded {name} {size}"
                    ));
                }
                _ => return fail("sizes overflow".into()),
            }
        }
        let count =
            |s: [usize; 4]| s.iter().try_fold(1usize, |p, &v| p.checked_mul(v)).filter(|&p| p < 1 << 46);
        let padded =
            [input[0], input[1] + pads[0][0] + pads[0][1], input[2] + pads[1][0] + pads[1][1], input[3]];
        if [padded, filter, output].into_iter().any(|s| count(s).is_none()) {
            return fail("sizes overflow".into());
        }
        Ok(Conv2dShape { input, filter, output, options, winograd: true })
    }

    /// The same convolution by direct sums only. Otherwise wide 3 x 3 layers go through Winograd's algorithm, which is
    /// faster and errs by about 1e-5 of the largest output instead of 1e-6.
    pub fn direct(self) -> Self {
        Conv2dShape { winograd: false, ..self }
    }

    /// [N, H, W, C].
    pub fn input(&self) -> [usize; 4] {
        self.input
    }

    /// [KH, KW, C / groups, O].
    pub fn filter(&self) -> [usize; 4] {
        self.filter
    }

    /// [N, OH, OW, O], with `OH = (H + top + bottom - (KH - 1) * dilation - 1) / stride + 1`.
    pub fn output(&self) -> [usize; 4] {
        self.output
    }

    /// Strides, dilations, padding and groups.
    pub fn options(&self) -> &Conv2dOptions {
        &self.options
    }

    /// Number of values of the input.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// Number of values of the filter.
    pub fn filter_len(&self) -> usize {
        self.filter.iter().product()
    }

    /// Number of values of the output.
    pub fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    /// Input channels of a group.
    pub(crate) fn group_channels(&self) -> usize {
        self.filter[2]
    }

    /// Filters of a group.
    pub(crate) fn group_filters(&self) -> usize {
        self.filter[3] / self.options.groups
    }

    /// Multiply-adds of one pass.
    pub(crate) fn work(&self) -> usize {
        self.output_len().saturating_mul(self.filter[0] * self.filter[1] * self.filter[2])
    }

    /// True for filters of one tap that see every pixel once: a plain matrix product.
    pub(crate) fn is_product(&self) -> bool {
        self.filter[0] == 1
            && self.filter[1] == 1
            && self.options.strides == [1, 1]
            && self.options.pads == [[0, 0], [0, 0]]
            && self.options.groups == 1
    }
}
