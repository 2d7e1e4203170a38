//! Blocks of space moved into channels or batches, and back. Images are `[batch, height, width, channels]`.

use super::PadMode;
use crate::{Error, Result, Shape, Tensor};

impl Tensor {
    /// Blocks of `size x size` pixels become channels: `[n, h, w, c]` gives `[n, h/size, w/size, c*size^2]`.
    ///
    /// Errors when the height or width does not divide.
    pub fn space_to_depth(&self, size: usize) -> Result<Tensor> {
        let [n, h, w, c] = self.dims::<4>()?;
        if size == 0 || h % size != 0 || w % size != 0 {
            return Err(Error::shape(format!(
                "space_to_depth: {size} does not divide shape {}",
                self.shape()
            )));
        }
        self.reshape([n, h / size, size, w / size, size, c])?.transpose(&[0, 1, 3, 2, 4, 5])?.reshape([
            n,
            h / size,
            w / size,
            size * size * c,
        ])
    }

    /// Channels become blocks of `size x size` pixels: the reverse of [`Tensor::space_to_depth`].
    pub fn depth_to_space(&self, size: usize) -> Result<Tensor> {
        let [n, h, w, c] = self.dims::<4>()?;
        let area = size.checked_mul(size).filter(|&a| a > 0 && c % a == 0).ok_or_else(|| {
            Error::shape(format!("depth_to_space: {size}^2 does not divide shape {}", self.shape()))
        })?;
        self.reshape([n, h, w, size, size, c / area])?.transpose(&[0, 1, 3, 2, 4, 5])?.reshape([
            n,
            h * size,
            w * size,
            c / area,
        ])
    }

    /// The axes after the first padded and cut into blocks, whose positions become batches: a dilated view of space.
    ///
    /// `[n, s.., rest..]` gives `[n * prod(block), (s + padding) / block.., rest..]`. Errors when a block does not
    /// divide its axis.
    pub fn space_to_batch_nd(&self, block: &[usize], paddings: &[(usize, usize)]) -> Result<Tensor> {
        let m = block.len();
        if paddings.len() != m || self.rank() < m + 1 || block.contains(&0) {
            return Err(Error::shape(format!(
                "space_to_batch_nd: blocks {block:?} and paddings {paddings:?} for shape {}",
                self.shape()
            )));
        }
        let mut all = vec![(0, 0); self.rank()];
        all[1..=m].copy_from_slice(paddings);
        let x = self.pad(&all, PadMode::Constant(0.0))?;
        let shape = x.shape().clone();
        let mut apart = vec![shape[0]];
        for (&n, &b) in shape[1..=m].iter().zip(block) {
            if n % b != 0 {
                return Err(Error::shape(format!(
                    "space_to_batch_nd: blocks {block:?} do not divide {shape}"
                )));
            }
            apart.extend([n / b, b]);
        }
        apart.extend(&shape[m + 1..]);
        let perm: Vec<usize> = (0..m)
            .map(|i| 2 + 2 * i)
            .chain([0])
            .chain((0..m).map(|i| 1 + 2 * i))
            .chain(2 * m + 1..apart.len())
            .collect();
        let mut out: Vec<usize> = vec![shape[0] * block.iter().product::<usize>()];
        out.extend(shape[1..=m].iter().zip(block).map(|(n, b)| n / b));
        out.extend(&shape[m + 1..]);
        x.reshape(apart)?.transpose(&perm)?.reshape(out)
    }

    /// Batches put back as blocks, and cropped: the reverse of [`Tensor::space_to_batch_nd`].
    pub fn batch_to_space(&self, block: &[usize], crops: &[(usize, usize)]) -> Result<Tensor> {
        let m = block.len();
        let area: usize = block.iter().product();
        let shape = self.shape();
        if crops.len() != m || self.rank() < m + 1 || area == 0 || shape[0] % area != 0 {
            return Err(Error::shape(format!(
                "batch_to_space: blocks {block:?} and crops {crops:?} for shape {shape}"
            )));
        }
        let n = shape[0] / area;
        let apart: Vec<usize> = block.iter().copied().chain([n]).chain(shape[1..].iter().copied()).collect();
        let perm: Vec<usize> = [m]
            .into_iter()
            .chain((0..m).flat_map(|i| [m + 1 + i, i]))
            .chain(2 * m + 1..apart.len())
            .collect();
        let long: Shape = [n]
            .into_iter()
            .chain((0..m).map(|i| shape[1 + i] * block[i]))
            .chain(shape[m + 1..].iter().copied())
            .collect();
        let y = self.reshape(apart)?.transpose(&perm)?.reshape(long.clone())?;
        let mut begin = vec![0; long.rank()];
        let mut sizes: Vec<isize> = long.iter().map(|&n| n as isize).collect();
        for (i, &(before, after)) in crops.iter().enumerate() {
            let left = long[1 + i].checked_sub(before).and_then(|n| n.checked_sub(after));
            sizes[1 + i] = left
                .ok_or_else(|| Error::shape(format!("batch_to_space: crops {crops:?} exceed shape {long}")))?
                as isize;
            begin[1 + i] = before;
        }
        y.slice_sizes(&begin, &sizes)
    }

    /// The first `lengths[i]` elements along the sequence axis turned around, in every batch `i`.
    ///
    /// Errors when there is not a length per batch, or when one exceeds the axis.
    pub fn reverse_sequence(&self, lengths: &[usize], seq_axis: isize, batch_axis: isize) -> Result<Tensor> {
        let (seq, batch) = (self.shape().axis(seq_axis)?, self.shape().axis(batch_axis)?);
        let (n, b) = (self.shape()[seq], self.shape()[batch]);
        if seq == batch || lengths.len() != b || lengths.iter().any(|&l| l > n) {
            return Err(Error::shape(format!(
                "reverse_sequence: lengths {lengths:?} along axis {seq} of shape {} with batch axis {batch}",
                self.shape()
            )));
        }
        let index: Vec<i64> = lengths
            .iter()
            .flat_map(|&l| (0..n).map(move |t| if t < l { l - 1 - t } else { t } as i64))
            .collect();
        let mut perm: Vec<usize> = vec![batch, seq];
        perm.extend((0..self.rank()).filter(|&a| a != seq && a != batch));
        let y = self.transpose(&perm)?.gather_batch(&Tensor::from_vec(index, [b, n])?, 1, 1)?;
        y.transpose(&super::transpose::inverse(&perm))
    }
}
