//! Ranks that differ by a last axis of size 1.

use gradus_tensor::{Result, Tensor};

/// The two tensors with a last axis of size 1 removed or added, so that their ranks agree where that is possible.
///
/// The longer one loses its last axis when that has size 1; with `expand_rank_1` a vector gains one instead.
pub fn squeeze_or_expand_to_same_rank(
    a: &Tensor,
    b: &Tensor,
    expand_rank_1: bool,
) -> Result<(Tensor, Tensor)> {
    let one = |t: &Tensor| t.shape().last() == Some(&1);
    Ok(match (a.rank(), b.rank()) {
        (x, y) if x == y + 1 && one(a) => {
            if y == 1 && expand_rank_1 {
                (a.clone(), b.expand_dims(-1)?)
            } else {
                (a.squeeze(-1)?, b.clone())
            }
        }
        (x, y) if y == x + 1 && one(b) => {
            if x == 1 && expand_rank_1 {
                (a.expand_dims(-1)?, b.clone())
            } else {
                (a.clone(), b.squeeze(-1)?)
            }
        }
        _ => (a.clone(), b.clone()),
    })
}
