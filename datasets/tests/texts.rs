//! imdb and reuters against what `keras.datasets` makes of the same files.
//!
//! `fixtures/sequences.txt` has one line per case, written by Keras: loader, options, training texts, training labels,
//! test texts, test labels.

mod support;

use std::fs;
use std::path::Path;

use gradus_datasets::npy::{NpyValues, Npz};
use gradus_datasets::{ErrorKind, LabeledSequences, imdb, reuters};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn numbers(text: &str) -> Vec<i32> {
    text.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

fn expected(texts: &str, labels: &str) -> LabeledSequences {
    let labels = numbers(labels);
    let sequences = if labels.is_empty() { vec![] } else { texts.split(';').map(numbers).collect() };
    LabeledSequences { sequences, labels }
}

/// Sets the options that a line names on either loader.
macro_rules! with_options {
    ($loader:expr, $options:expr) => {{
        let mut loader = $loader;
        for option in $options.split_whitespace() {
            let (name, value) = option.split_once('=').unwrap();
            let number = value.parse::<i64>().ok();
            let int = number.map(|number| number as i32);
            loader = match name {
                "num_words" => loader.num_words(int.unwrap()),
                "skip_top" => loader.skip_top(int.unwrap()),
                "maxlen" => loader.maxlen(number.unwrap() as usize),
                "seed" => loader.seed(number.unwrap() as u32),
                "start_char" => loader.start_char(int),
                "oov_char" => loader.oov_char(int),
                "index_from" => loader.index_from(int.unwrap()),
                _ => loader,
            };
        }
        loader
    }};
}

#[test]
fn every_option_gives_what_keras_gives() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("imdb_like.npz"), folder.path().join("imdb.npz")).unwrap();
    fs::copy(fixture("reuters_like.npz"), folder.path().join("reuters.npz")).unwrap();
    let mut cases = 0;
    for line in fs::read_to_string(fixture("sequences.txt")).unwrap().lines() {
        let [name, options, train, train_labels, test, test_labels] = line.split('|').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        let data = if name == "imdb" {
            with_options!(imdb::Loader::new().data_dir(folder.path()), options).load().unwrap()
        } else {
            let share = options.split_whitespace().find_map(|option| option.strip_prefix("test_split="));
            let loader = with_options!(reuters::Loader::new().data_dir(folder.path()), options);
            loader.test_split(share.map_or(0.2, |share| share.parse().unwrap())).load().unwrap()
        };
        assert_eq!(data.train, expected(train, train_labels), "{name} {options}: training");
        assert_eq!(data.test, expected(test, test_labels), "{name} {options}: test");
        cases += 1;
    }
    println!("{cases} cases equal Keras's");
    assert_eq!(cases, 21);
}

#[test]
fn options_that_leave_nothing_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("imdb_like.npz"), folder.path().join("imdb.npz")).unwrap();
    fs::copy(fixture("reuters_like.npz"), folder.path().join("reuters.npz")).unwrap();
    let errors = [
        imdb::Loader::new().data_dir(folder.path()).maxlen(1).load().unwrap_err(),
        reuters::Loader::new().data_dir(folder.path()).maxlen(0).load().unwrap_err(),
        reuters::Loader::new().data_dir(folder.path()).test_split(1.0).load().unwrap_err(),
        reuters::Loader::new().data_dir(folder.path()).test_split(f64::NAN).load().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
}

#[test]
fn a_file_with_other_arrays_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("housing_like.npz"), folder.path().join("imdb.npz")).unwrap();
    fs::copy(fixture("housing_like.npz"), folder.path().join("reuters.npz")).unwrap();
    let error = imdb::Loader::new().data_dir(folder.path()).load().unwrap_err().to_string();
    assert!(error.ends_with("array \"x_train\": not there; the arrays are x, y"), "{error}");
    let error = reuters::Loader::new().data_dir(folder.path()).load().unwrap_err().to_string();
    assert!(error.ends_with("expected lists of integers in the array \"x\", found numbers"), "{error}");
}

#[test]
fn word_lists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("imdb_word_index.json");
    let loader = imdb::Loader::new().data_dir(folder.path());
    fs::write(&path, "{\"the\": 1, \"\\u00e9t\\u00e9\": 2}").unwrap();
    let index = loader.word_index().unwrap();
    assert_eq!((index.len(), index["the"], index["été"]), (2, 1, 2));
    for broken in ["", "[1]", "{\"the\": \"1\"}", "{\"the\": 1"] {
        fs::write(&path, broken).unwrap();
        let error = loader.word_index().expect_err(broken);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{broken:?}: {error}");
    }
}

#[test]
fn a_real_file_of_pickled_lists() {
    let Some(folder) = support::real_data("imdb") else { return };
    let mut npz = Npz::open(&folder.join("imdb_object_arrays.npz")).unwrap();
    assert_eq!(npz.names(), ["arr_0", "arr_1", "arr_2", "arr_3"]);
    let first: [&[i32]; 2] = [&[1, 14, 22, 16, 43, 2], &[1, 2, 202, 14, 31, 6]];
    for (name, first, sums) in
        [("arr_0", first[0], (5000, 1_219_106, 70_995_214)), ("arr_2", first[1], (1000, 231_210, 13_677_524))]
    {
        let NpyValues::Lists(lists) = npz.array(name).unwrap().values else { panic!("{name}") };
        let words = lists.iter().flatten();
        let found = (lists.len(), words.clone().count(), words.map(|&word| i64::from(word)).sum::<i64>());
        assert_eq!(lists[0][..6], *first, "{name}");
        assert_eq!(found, sums, "{name}");
    }
    for (name, sum) in [("arr_1", 2546), ("arr_3", 474)] {
        let NpyValues::I64(labels) = npz.array(name).unwrap().values else { panic!("{name}") };
        assert_eq!(labels.iter().sum::<i64>(), sum, "{name}");
    }
}
