//! Compressed rows: the entries of a matrix, row after row.

use std::sync::OnceLock;

use gradus_tensor::view::View;

/// The entries of a matrix by row; within a row in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Row `i` has the entries `starts[i]..starts[i + 1]`.
    pub starts: Vec<usize>,
    /// The column of each.
    pub columns: Vec<usize>,
    /// Where its value is among the values.
    pub values: Vec<usize>,
}

/// Both forms of one list of coordinates, made when they are first asked for and kept beside the coordinates.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    rows: OnceLock<Rows>,
    columns: OnceLock<Rows>,
}

impl Rows {
    /// The rows of a matrix with these coordinates, or of its transpose.
    fn of(places: &[i64], height: usize, transposed: bool) -> Rows {
        let (row, column) = if transposed { (1, 0) } else { (0, 1) };
        let mut starts = vec![0usize; height + 1];
        for place in places.chunks_exact(2) {
            starts[place[row] as usize + 1] += 1;
        }
        for r in 0..height {
            starts[r + 1] += starts[r];
        }
        let n = places.len() / 2;
        let (mut columns, mut values) = (vec![0; n], vec![0; n]);
        let mut next = starts.clone();
        for (entry, place) in places.chunks_exact(2).enumerate() {
            let at = &mut next[place[row] as usize];
            columns[*at] = place[column] as usize;
            values[*at] = entry;
            *at += 1;
        }
        Rows { starts, columns, values }
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.starts.len() - 1
    }

    /// Calls `f` with the rows of the matrix whose coordinates these are, of that height, or of its transpose.
    pub fn with<R>(indices: &View<'_>, height: usize, transposed: bool, f: impl FnOnce(&Rows) -> R) -> R {
        let make = || Rows::of(indices.as_slice::<i64>(), height, transposed);
        match indices.derived(Forms::default) {
            Some(forms) => {
                let rows = if transposed { &forms.columns } else { &forms.rows };
                let rows = rows.get_or_init(make);
                // Indices shared by matrices of other heights: the kept rows are of the first one.
                if rows.height() == height { f(rows) } else { f(&make()) }
            }
            None => f(&make()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns() {
        let places = [2, 0, 0, 1, 2, 1];
        let rows = Rows::of(&places, 3, false);
        assert_eq!(
            (&rows.starts[..], &rows.columns[..], &rows.values[..]),
            (&[0, 1, 1, 3][..], &[1, 0, 1][..], &[1, 0, 2][..])
        );
        let columns = Rows::of(&places, 2, true);
        assert_eq!(
            (&columns.starts[..], &columns.columns[..], &columns.values[..]),
            (&[0, 1, 3][..], &[2, 0, 2][..], &[0, 1, 2][..])
        );
    }
}
