//! CSV files as rows of typed columns.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dataset::Dataset;
use crate::element::Element;
use crate::error::{DataError, ErrorKind, Place, Result};
use crate::sources::file_reader::{Files, Format, Position, Reader, files_dataset};

/// How CSV files are written and which of their columns are wanted.
#[derive(Debug, Clone)]
pub struct Csv {
    delimiter: u8,
    quoted: bool,
    header: bool,
    select: Select,
    na_values: Vec<String>,
    defaults: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum Select {
    All,
    Names(Vec<String>),
    Numbers(Vec<usize>),
}

impl Default for Csv {
    fn default() -> Self {
        Csv::new()
    }
}

impl Csv {
    /// Comma-separated, double quotes, a header line, all columns; an empty field is a missing value.
    pub fn new() -> Self {
        Csv {
            delimiter: b',',
            quoted: true,
            header: true,
            select: Select::All,
            na_values: vec![String::new()],
            defaults: Vec::new(),
        }
    }

    /// The character between fields. Default `,`.
    pub fn field_delim(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Whether double quotes enclose fields. Default true.
    pub fn use_quote_delim(mut self, quoted: bool) -> Self {
        self.quoted = quoted;
        self
    }

    /// Whether the first line holds the names of the columns. Default true.
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// The wanted columns by name, in the order of the row's fields. Needs a header.
    pub fn select<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.select = Select::Names(names.into_iter().map(Into::into).collect());
        self
    }

    /// The wanted columns by number, from 0, in the order of the row's fields.
    pub fn select_numbers(mut self, numbers: impl Into<Vec<usize>>) -> Self {
        self.select = Select::Numbers(numbers.into());
        self
    }

    /// One more text that means a missing value, such as `NA` or `?`. The empty field always does.
    pub fn na_value(mut self, text: impl Into<String>) -> Self {
        self.na_values.push(text.into());
        self
    }

    /// The text that stands in for missing values of a column, given by its name (without a header: its
    /// number). A missing value without a default is `None` in a column of `Option`s and an error in others.
    pub fn record_default(mut self, column: impl ToString, text: impl Into<String>) -> Self {
        self.defaults.push((column.to_string(), text.into()));
        self
    }
}

/// A value that a CSV field can be.
pub trait FromField: Element {
    /// What the field should be, for messages: `a number`.
    const EXPECTED: &'static str;

    /// The value of a field; `None` if it is not one. A missing field has no text.
    fn from_field(text: Option<&str>) -> Option<Self>;
}

macro_rules! fields {
    ($($t:ty => $expected:literal),*) => {$(
        impl FromField for $t {
            const EXPECTED: &'static str = $expected;
            fn from_field(text: Option<&str>) -> Option<Self> {
                text?.trim().parse().ok()
            }
        }
    )*};
}

fields! {
    i8 => "an integer from -128 to 127", i16 => "a 16-bit integer", i32 => "a 32-bit integer",
    i64 => "an integer", u8 => "an integer from 0 to 255", u16 => "an unsigned 16-bit integer",
    u32 => "an unsigned 32-bit integer", u64 => "an unsigned integer", f32 => "a number", f64 => "a number"
}

impl FromField for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_field(text: Option<&str>) -> Option<Self> {
        match text?.trim() {
            "true" | "True" | "TRUE" | "1" => Some(true),
            "false" | "False" | "FALSE" | "0" => Some(false),
            _ => None,
        }
    }
}

impl FromField for String {
    const EXPECTED: &'static str = "text";
    fn from_field(text: Option<&str>) -> Option<Self> {
        text.map(str::to_owned)
    }
}

impl<T: FromField> Element for Option<T> {
    type Batch = Vec<Option<T>>;
    fn spec(&self) -> crate::ElementSpec {
        match self {
            Some(x) => x.spec(),
            None => crate::ElementSpec::Opaque(std::any::type_name::<Option<T>>()),
        }
    }
    fn batch(items: Vec<Self>) -> Result<Self::Batch> {
        Ok(items)
    }
}

impl<T: FromField> FromField for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_field(text: Option<&str>) -> Option<Self> {
        match text {
            None => Some(None),
            text => T::from_field(text).map(Some),
        }
    }
}

/// A row: a tuple with a type for every column, or a `Vec` when all have the same.
pub trait FromRow: Send + Sized + 'static {
    /// How many columns the row wants; `None`: any number.
    const COLUMNS: Option<usize>;

    /// Builds the row; `field` gives column `i` or the error that names it.
    ///
    /// # Errors
    /// Those of `field`.
    fn from_row(count: usize, field: &Fields<'_>) -> Result<Self>;
}

/// The fields of one record, as [`FromRow`] reads them.
pub struct Fields<'a> {
    record: &'a ::csv::StringRecord,
    plan: &'a Plan,
}

impl Fields<'_> {
    /// The value of a wanted column, by its place in the row.
    ///
    /// # Errors
    /// [`ErrorKind::Parse`] with line and column when the field is not a `T`, or is missing without default.
    pub fn get<T: FromField>(&self, at: usize) -> Result<T> {
        let column = &self.plan.columns[at];
        let text = &self.record[column.number];
        let missing = self.plan.na_values.iter().any(|na| na == text);
        let text = if missing { column.default.as_deref() } else { Some(text) };
        T::from_field(text).ok_or_else(|| {
            let found = text.map_or("a missing value".to_owned(), |t| format!("{t:?}"));
            let message = format!("column `{}`: expected {}, found {found}", column.name, T::EXPECTED);
            let begin = self.record.position().map_or(0, ::csv::Position::line);
            // A quoted field before this one may hold line ends.
            let inside: usize = (0..column.number).map(|f| self.record[f].matches('\n').count()).sum();
            let place = Place::Field { line: begin + inside as u64, column: column.number as u64 + 1 };
            DataError::new(ErrorKind::Parse, message).at_place(place)
        })
    }
}

impl<T: FromField> FromRow for Vec<T> {
    const COLUMNS: Option<usize> = None;
    fn from_row(count: usize, fields: &Fields<'_>) -> Result<Self> {
        (0..count).map(|i| fields.get(i)).collect()
    }
}

macro_rules! rows {
    ($($n:literal: ($($t:ident $i:tt),+))*) => {$(
        impl<$($t: FromField),+> FromRow for ($($t,)+) {
            const COLUMNS: Option<usize> = Some($n);
            fn from_row(_: usize, fields: &Fields<'_>) -> Result<Self> {
                Ok(($(fields.get::<$t>($i)?,)+))
            }
        }
    )*};
}

rows! {
    1: (A 0)
    2: (A 0, B 1)
    3: (A 0, B 1, C 2)
    4: (A 0, B 1, C 2, D 3)
    5: (A 0, B 1, C 2, D 3, E 4)
    6: (A 0, B 1, C 2, D 3, E 4, F 5)
    7: (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    8: (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    9: (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    10: (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    11: (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    12: (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}

impl<R: FromRow> Dataset<R> {
    /// The records of CSV files, as rows whose types are the columns' types.
    ///
    /// ```no_run
    /// use gradus_data::{Csv, Dataset};
    /// // price, rooms (sometimes missing), city
    /// let options = Csv::new().select(["price", "rooms", "city"]).na_value("NA");
    /// let homes = Dataset::<(f32, Option<i64>, String)>::csv("homes.csv", options).batch(32);
    /// ```
    ///
    /// A field that is not what its column should be is an error with file, line and column; the rows
    /// behind it follow. A record with more or fewer fields than the first is an error as well.
    pub fn csv(files: impl Into<Files>, options: Csv) -> Self {
        files_dataset("csv", files.into(), Rows { options })
    }
}

struct Rows {
    options: Csv,
}

/// Which fields of a record make the row, worked out once for a file.
struct Plan {
    fields: usize,
    columns: Vec<Column>,
    na_values: Vec<String>,
}

struct Column {
    number: usize,
    name: String,
    default: Option<String>,
}

impl Rows {
    fn plan(&self, first: &::csv::StringRecord, wanted: Option<usize>) -> Result<Plan> {
        let names: Vec<String> = match self.options.header {
            true => first.iter().map(|n| n.trim().to_owned()).collect(),
            false => (0..first.len()).map(|i| i.to_string()).collect(),
        };
        let invalid =
            |message: String| Err(DataError::new(ErrorKind::InvalidArgument, format!("csv: {message}")));
        let numbers: Vec<usize> = match &self.options.select {
            Select::All => (0..names.len()).collect(),
            Select::Numbers(numbers) => match numbers.iter().find(|n| **n >= names.len()) {
                Some(n) => return invalid(format!("column {n} was asked for, the file has {}", names.len())),
                None => numbers.clone(),
            },
            Select::Names(asked) => {
                let mut numbers = Vec::new();
                for name in asked {
                    match names.iter().position(|n| n == name) {
                        Some(n) => numbers.push(n),
                        None => return invalid(format!("no column is named `{name}`; there are {names:?}")),
                    }
                }
                numbers
            }
        };
        if wanted.is_some_and(|w| w != numbers.len()) {
            let wanted = wanted.unwrap_or(0);
            return invalid(format!("the row type has {wanted} columns, the file gives {}", numbers.len()));
        }
        if let Some((name, _)) = self.options.defaults.iter().find(|(name, _)| !names.contains(name)) {
            return invalid(format!("a default was given for column `{name}`; there are {names:?}"));
        }
        let default = |name: &String| {
            let found = self.options.defaults.iter().find(|(n, _)| n == name);
            found.map(|(_, text)| text.clone())
        };
        let column =
            |number: usize| Column { number, name: names[number].clone(), default: default(&names[number]) };
        let columns = numbers.into_iter().map(column).collect();
        Ok(Plan { fields: names.len(), columns, na_values: self.options.na_values.clone() })
    }

    fn reader(&self, path: &Path) -> Result<::csv::Reader<File>> {
        let mut builder = ::csv::ReaderBuilder::new();
        builder
            .delimiter(self.options.delimiter)
            .quoting(self.options.quoted)
            .has_headers(false)
            .flexible(true);
        Ok(builder.from_reader(File::open(path).map_err(|e| DataError::io(path, e))?))
    }
}

impl<R: FromRow> Format<R> for Rows {
    fn open(&self, path: &Path, at: Option<Position>) -> Result<Box<dyn Reader<R>>> {
        let mut input = self.reader(path)?;
        let mut first = ::csv::StringRecord::new();
        let any = input.read_record(&mut first).map_err(|e| csv_error(path, e))?;
        if !any {
            return Ok(Box::new(RowReader { path: path.to_owned(), input, plan: None }));
        }
        let plan = Some(Arc::new(self.plan(&first, R::COLUMNS)?));
        let mut place = ::csv::Position::new();
        match at {
            Some([byte, line, record, _]) => drop(place.set_byte(byte).set_line(line).set_record(record)),
            None if self.options.header => place = input.position().clone(),
            None => drop(place.set_byte(0).set_line(1).set_record(0)),
        }
        input.seek(place).map_err(|e| csv_error(path, e))?;
        Ok(Box::new(RowReader { path: path.to_owned(), input, plan }))
    }
}

fn csv_error(path: &Path, error: ::csv::Error) -> DataError {
    let line = match error.kind() {
        ::csv::ErrorKind::Utf8 { pos, .. } => pos.as_ref().map(::csv::Position::line),
        _ => error.position().map(::csv::Position::line),
    };
    let e = match error.into_kind() {
        ::csv::ErrorKind::Io(e) => DataError::io(path, e),
        ::csv::ErrorKind::Utf8 { err, .. } => {
            DataError::new(ErrorKind::Parse, format!("not UTF-8 in field {}", err.field() + 1))
        }
        other => DataError::new(ErrorKind::Parse, format!("{other:?}")).fatal(),
    };
    match line {
        Some(line) => e.in_file(path).at_place(Place::Line(line)),
        None => e.in_file(path),
    }
}

struct RowReader {
    path: PathBuf,
    input: ::csv::Reader<File>,
    /// `None` for an empty file.
    plan: Option<Arc<Plan>>,
}

impl<R: FromRow> Reader<R> for RowReader {
    fn next(&mut self) -> Option<Result<R>> {
        let plan = self.plan.as_deref()?;
        let mut record = ::csv::StringRecord::new();
        match self.input.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(e) => return Some(Err(csv_error(&self.path, e))),
        }
        if record.len() != plan.fields {
            let line = record.position().map_or(0, ::csv::Position::line);
            let column = record.len().min(plan.fields) as u64 + 1;
            let message = format!("a record of {} fields, expected {}", record.len(), plan.fields);
            let error = DataError::new(ErrorKind::Parse, message).in_file(&self.path);
            return Some(Err(error.at_place(Place::Field { line, column })));
        }
        Some(
            R::from_row(plan.columns.len(), &Fields { record: &record, plan })
                .map_err(|e| e.in_file(&self.path)),
        )
    }

    fn position(&self) -> Position {
        let at = self.input.position();
        [at.byte(), at.line(), at.record(), 0]
    }
}
