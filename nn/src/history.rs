//! What training reported, epoch by epoch.

/// One value per epoch for each metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The epochs that were run, counted from 0.
    pub epoch: Vec<usize>,
    series: Vec<(String, Vec<f64>)>,
}

/// Metric names with their values after an epoch or a batch, in Keras's order: by name, training first.
pub type Logs = Vec<(String, f64)>;

impl History {
    /// Adds an epoch.
    pub fn push(&mut self, epoch: usize, logs: &Logs) {
        self.epoch.push(epoch);
        for (name, value) in logs {
            match self.series.iter_mut().find(|(n, _)| n == name) {
                Some((_, values)) => values.push(*value),
                None => self.series.push((name.clone(), vec![*value])),
            }
        }
    }

    /// The values of a metric such as `loss` or `val_accuracy`.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.series.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// The last value of a metric.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(|v| v.last().copied())
    }

    /// The metric names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.iter().map(|(n, _)| n.as_str())
    }
}

impl std::ops::Index<&str> for History {
    type Output = [f64];
    #[track_caller]
    fn index(&self, name: &str) -> &[f64] {
        match self.get(name) {
            Some(v) => v,
            None => {
                panic!("no metric {name:?} in the history; there are {:?}", self.names().collect::<Vec<_>>())
            }
        }
    }
}
