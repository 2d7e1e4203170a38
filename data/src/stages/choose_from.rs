//! `choose_from_datasets`: another dataset says where each element comes from.

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::stages::sample_from::{cardinality_of_choice, restore_choice, save_choice};
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// Takes every element from the dataset whose number `choices` gives.
    ///
    /// When a chosen dataset has ended, the stream ends if `stop_on_empty_dataset`, else that choice is
    /// passed over. A number without a dataset is an error.
    pub fn choose_from_datasets(
        datasets: impl IntoIterator<Item = Dataset<T>>,
        choices: Dataset<i64>,
        stop_on_empty_dataset: bool,
    ) -> Dataset<T> {
        let datasets: Vec<Dataset<T>> = datasets.into_iter().collect();
        let numbers = datasets.iter().map(|d| d.stage().site().number);
        let number = 1 + numbers.chain([choices.stage().site().number]).max().unwrap_or(0);
        let site = Site { name: "choose_from_datasets", number };
        Dataset::from_stage(ChooseStage { site, datasets, choices, stop: stop_on_empty_dataset })
    }
}

struct ChooseStage<T> {
    site: Site,
    datasets: Vec<Dataset<T>>,
    choices: Dataset<i64>,
    stop: bool,
}

impl<T: Send + 'static> Stage<T> for ChooseStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let inputs = self.datasets.iter().map(|d| Ok(Some(d.open(pass)?))).collect::<Result<_>>()?;
        let choices = self.choices.open(pass)?;
        Ok(Box::new(ChooseCursor { site: self.site, choices, inputs, stop: self.stop, chosen: 0 }))
    }

    fn cardinality(&self) -> Cardinality {
        match self.choices.cardinality() {
            Cardinality::Infinite => cardinality_of_choice(&self.datasets, self.stop),
            _ => Cardinality::Unknown,
        }
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.datasets.first()?.stage().spec()
    }
}

struct ChooseCursor<T> {
    site: Site,
    choices: Box<dyn Cursor<i64>>,
    inputs: Vec<Option<Box<dyn Cursor<T>>>>,
    stop: bool,
    chosen: u64,
}

impl<T: Send> Cursor<T> for ChooseCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        while self.inputs.iter().any(Option::is_some) {
            let choice = match self.choices.next()? {
                Ok(choice) => choice,
                Err(e) => return Some(Err(e)),
            };
            let index = self.chosen;
            self.chosen += 1;
            let count = self.inputs.len();
            let Some(place) = usize::try_from(choice).ok().and_then(|c| self.inputs.get_mut(c)) else {
                let message = format!("choose_from_datasets: choice {choice}, there are {count} datasets");
                return Some(Err(self.site.error(index, ErrorKind::InvalidArgument, message)));
            };
            match place.as_mut().and_then(|input| input.next()) {
                Some(x) => return Some(x),
                None if self.stop => break,
                None => *place = None,
            }
        }
        self.inputs.iter_mut().for_each(|i| *i = None);
        None
    }

    fn save(&self) -> IteratorState {
        let inputs = save_choice("choose_from_datasets", self.chosen, &self.inputs);
        IteratorState::of("choose_from_datasets").input(self.choices.save()).input(inputs)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("choose_from_datasets", 0, 2)?;
        self.choices.restore(&state.children()[0])?;
        self.chosen = restore_choice("choose_from_datasets", &state.children()[1], &mut self.inputs)?;
        Ok(())
    }
}
