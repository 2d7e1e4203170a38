//! Boston and California housing against Keras's splits, and from the original text files.

mod support;

use std::fs;
use std::path::Path;

use gradus_datasets::california_housing::Version;
use gradus_datasets::{ErrorKind, Regression, boston_housing, california_housing};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

fn first_column(table: &Regression) -> Vec<f64> {
    (0..table.shape[0]).map(|row| table.row(row).unwrap()[0]).collect()
}

#[test]
fn splits_equal_kerass() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("housing_like.npz"), folder.path().join("boston_housing.npz")).unwrap();
    for line in fs::read_to_string(fixture("housing.txt")).unwrap().lines() {
        let [options, x_train, y_train, x_test, y_test] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let mut loader = boston_housing::Loader::new().data_dir(folder.path());
        for option in options.split_whitespace() {
            loader = match option.split_once('=').unwrap() {
                ("seed", value) => loader.seed(value.parse().unwrap()),
                (_, value) => loader.test_split(value.parse().unwrap()),
            };
        }
        let data = loader.load().unwrap();
        let found = (first_column(&data.train), data.train.y, first_column(&data.test), data.test.y);
        assert_eq!(
            found,
            (numbers(x_train), numbers(y_train), numbers(x_test), numbers(y_test)),
            "{options}"
        );
    }
}

#[test]
fn the_original_boston_file() {
    let Some(folder) = support::real_data("boston_housing") else { return };
    let data = boston_housing::Loader::new().data_dir(folder).load().unwrap();
    assert_eq!((data.train.shape, data.test.shape), ([404, 13], [102, 13]));
    // The first row that Keras gives.
    let first = [1.23247, 0.0, 8.14, 0.0, 0.538, 6.142, 91.7, 3.9769, 4.0, 307.0, 21.0, 396.9, 18.72];
    assert_eq!(data.train.row(0), Some(&first[..]));
    assert_eq!(data.train.y[..3], [15.2, 42.3, 50.0]);
    assert_eq!(data.train.row(404), None);
}

#[test]
fn the_original_california_file() {
    let Some(folder) = support::real_data("california_housing") else { return };
    let load = |version| california_housing::Loader::new().data_dir(&folder).version(version).load().unwrap();
    let data = load(Version::Large);
    assert_eq!((data.train.shape, data.test.shape), ([16_512, 8], [4128, 8]));
    let rooms = [3.7847, 52.0, 2327.0 / 491.0, 555.0 / 491.0, 1048.0, 1048.0 / 491.0, 34.09, -118.27];
    assert_eq!(data.train.row(0), Some(&rooms[..]));
    assert_eq!(data.train.y[0], 252_300.0);
    let small = load(Version::Small);
    assert_eq!((small.train.shape, small.test.shape), ([480, 8], [120, 8]));
}

#[test]
fn broken_tables_name_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("housing.data");
    let good = "1 2 3 4 5 6 7 8 9 10 11 12 13 14\n";
    let cases = [
        (format!("{good}1 2 3\n"), "housing.data:2: expected 14 numbers, found 3"),
        (good.replace("7 ", "seven ") + good, "housing.data:1:7: expected a number, found \"seven\""),
        (good.replace("9 ", "nan "), "housing.data:1:9: expected a number, found \"nan\""),
        (good.replace(' ', ",").replace(",3,", ",,"), "housing.data:1:3: expected a number, found \"\""),
        ("CRIM,ZN\n".to_string(), "expected rows of numbers, found none"),
        (String::new(), "expected rows of numbers, found none"),
    ];
    for (text, expected) in cases {
        fs::write(&path, &text).unwrap();
        let error = boston_housing::Loader::new().data_dir(folder.path()).load().expect_err(&text);
        assert!(error.to_string().ends_with(expected), "{text:?}: {error}");
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    let error = boston_housing::Loader::new().data_dir(folder.path()).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}
