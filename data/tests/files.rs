//! Sources that read files: what they give, how they name what is wrong, and that they continue.

use std::fs;
use std::path::{Path, PathBuf};

use gradus_data::{
    ClassFolder, Csv, DataError, Dataset, ErrorKind, FixedLength, IteratorState, Place, RecordWriter, Subset,
    TruncatedTail, masked_crc32c,
};

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn error<T: std::fmt::Debug + Send + 'static>(ds: &Dataset<T>) -> DataError {
    ds.iter_epoch(0).find_map(Result::err).expect("an error")
}

/// Continues from every element and compares.
fn resumes<T: std::fmt::Debug + Send + 'static>(name: &str, ds: Dataset<T>) {
    let ds = ds.map(|x| format!("{x:?}"));
    let text = |x: Result<String, DataError>| x.unwrap_or_else(|e| e.to_string());
    let all: Vec<String> = ds.iter_epoch(0).map(text).collect();
    for cut in 0..=all.len() {
        let mut iter = ds.iter_epoch(0);
        iter.by_ref().take(cut).for_each(drop);
        let state = IteratorState::from_bytes(&iter.state().to_bytes()).unwrap();
        let rest: Vec<String> = ds.resume(&state).unwrap().map(text).collect();
        assert_eq!(rest, all[cut..], "{name}, cut at {cut}");
    }
}

#[test]
fn text_lines() {
    let dir = tempfile::tempdir().unwrap();
    let a = write(dir.path(), "a b.txt", "one\ntwo\r\n\nfour");
    let b = write(dir.path(), "ä.txt", b"good\nb\xFFd\nlast\n");
    let ds = Dataset::text_lines(&a);
    assert_eq!(ds.collect().unwrap(), ["one", "two", "", "four"]);
    let both = Dataset::text_lines(vec![a.clone(), b.clone()]);
    let e = error(&both);
    assert_eq!((e.kind(), e.file(), e.place()), (ErrorKind::Parse, Some(b.as_path()), Some(Place::Line(2))));
    assert_eq!(both.iter().flatten().count(), 6, "the lines behind a bad one follow");
    resumes("text_lines", both);
    let missing = Dataset::text_lines(vec![dir.path().join("none.txt"), a]);
    let e = error(&missing);
    assert_eq!(e.kind(), ErrorKind::Io);
    assert!(e.to_string().contains("none.txt"), "{e}");
    assert_eq!(missing.iter().flatten().count(), 4, "the files behind a missing one follow");
}

#[test]
fn file_lists() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.txt", "a.txt", "c.csv"] {
        write(dir.path(), name, "x");
    }
    let pattern = format!("{}/*.txt", dir.path().display());
    let names: Vec<_> =
        Dataset::list_files(&pattern).map(|p| p.file_name().unwrap().to_owned()).collect().unwrap();
    assert_eq!(names, ["a.txt", "b.txt"]);
    let none = Dataset::list_files(&format!("{}/*.png", dir.path().display()));
    assert!(error(&none).to_string().contains("no file matches"));
    let lines = Dataset::list_files(&pattern).interleave(2, Dataset::text_lines);
    assert_eq!(lines.collect().unwrap(), ["x", "x"]);
}

#[test]
fn csv() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        "price,rooms,city,note\n1.5,3,Bern,\"a, b\"\n2,NA,\"Zü\nrich\",\n3.5,,Basel,\"say \"\"hi\"\"\"\n";
    let path = write(dir.path(), "homes.csv", text);
    type Row = (f32, Option<i64>, String);
    let options = || Csv::new().select(["price", "rooms", "city"]).na_value("NA");
    let rows = Dataset::<Row>::csv(&path, options());
    let expected: Vec<Row> =
        vec![(1.5, Some(3), "Bern".into()), (2.0, None, "Zü\nrich".into()), (3.5, None, "Basel".into())];
    assert_eq!(rows.collect().unwrap(), expected);
    resumes("csv", rows.clone());
    let filled = Dataset::<(i64, f64)>::csv(
        &path,
        Csv::new().select_numbers([1, 0]).na_value("NA").record_default("rooms", "7"),
    );
    assert_eq!(filled.collect().unwrap(), [(3, 1.5), (7, 2.0), (7, 3.5)]);
    assert_eq!(rows.batch(2).collect().unwrap()[0].1, [Some(3), None]);

    let bad = |name: &str, text: &str, options: Csv, expected: &str| {
        let path = write(dir.path(), name, text);
        let ds = Dataset::<(f32, i64)>::csv(&path, options);
        let e = error(&ds).to_string();
        assert!(e.ends_with(expected), "{name}: {e:?} does not end with {expected:?}");
        assert!(e.contains(name), "{name}: {e}");
        resumes(name, ds);
    };
    let cases: [(&str, &str, Csv, &str); 9] = [
        (
            "number.csv",
            "x,n\n1,2\n3,four\n5,6\n",
            Csv::new(),
            ":3:2: column `n`: expected an integer, found \"four\"",
        ),
        (
            "missing.csv",
            "x,n\n1,2\n,4\n",
            Csv::new(),
            ":3:1: column `x`: expected a number, found a missing value",
        ),
        ("short.csv", "x,n\n1,2\n3\n", Csv::new(), ":3:2: a record of 1 fields, expected 2"),
        ("long.csv", "x,n\n1,2,3\n", Csv::new(), ":2:3: a record of 3 fields, expected 2"),
        (
            "plain.csv",
            "1;2\n3;x\n",
            Csv::new().header(false).field_delim(b';'),
            ":2:2: column `1`: expected an integer, found \"x\"",
        ),
        (
            "name.csv",
            "x,n\n",
            Csv::new().select(["x", "y"]),
            "no column is named `y`; there are [\"x\", \"n\"]",
        ),
        ("width.csv", "x,n,m\n1,2,3\n", Csv::new(), "the row type has 2 columns, the file gives 3"),
        (
            "default.csv",
            "x,n\n",
            Csv::new().record_default("z", "0"),
            "a default was given for column `z`; there are [\"x\", \"n\"]",
        ),
        (
            "lines.csv",
            "s,x,n\n\"a\nb\",1,y\n",
            Csv::new().select(["x", "n"]),
            ":3:3: column `n`: expected an integer, found \"y\"",
        ),
    ];
    for (name, text, options, expected) in cases {
        bad(name, text, options, expected);
    }
    let empty = write(dir.path(), "empty.csv", "");
    assert_eq!(Dataset::<(f32, i64)>::csv(&empty, Csv::new()).count().unwrap(), 0);
    let utf = write(dir.path(), "utf.csv", b"x,n\n1,2\n\xFF,3\n4,5\n");
    let e = error(&Dataset::<(f32, i64)>::csv(&utf, Csv::new()));
    assert!(e.to_string().contains("utf.csv:3: not UTF-8 in field 1"), "{e}");
    let all = write(dir.path(), "all.csv", "1,2,3\n4,5,6\n");
    let matrix = Dataset::<Vec<f64>>::csv(&all, Csv::new().header(false)).batch(2).collect().unwrap();
    assert_eq!(matrix, [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
}

fn records(datas: &[&[u8]]) -> Vec<u8> {
    let mut out = RecordWriter::new(Vec::new());
    datas.iter().for_each(|d| out.write(d).unwrap());
    out.finish().unwrap()
}

#[test]
fn tfrecord() {
    // What TensorFlow 2.21 writes for the records b"abc" and b"".
    assert_eq!(masked_crc32c(b""), 0xA282_EAD8);
    let dir = tempfile::tempdir().unwrap();
    let datas: [&[u8]; 4] = [b"abc", b"", b"a longer record of some bytes", b"last"];
    let bytes = records(&datas);
    let path = write(dir.path(), "a.tfrecord", &bytes);
    assert_eq!(Dataset::tfrecord(&path).collect().unwrap(), datas);
    resumes("tfrecord", Dataset::tfrecord(vec![path.clone(), path.clone()]));

    let starts: Vec<usize> =
        datas.iter().scan(0, |at, d| Some(std::mem::replace(at, *at + d.len() + 16))).collect();
    let record_of = |byte: usize| starts.iter().rposition(|s| *s <= byte).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut hurt = bytes.clone();
        hurt[bit / 8] ^= 1 << (bit % 8);
        let path = write(dir.path(), "hurt.tfrecord", &hurt);
        let e = error(&Dataset::tfrecord(&path));
        let record = record_of(bit / 8);
        let place = Place::Record { record: record as u64, offset: starts[record] as u64 };
        assert_eq!((e.kind(), e.place()), (ErrorKind::Corrupt, Some(place)), "bit {bit}: {e}");
        assert!(e.to_string().contains("hurt.tfrecord"), "{e}");
    }
    for cut in 0..bytes.len() {
        let path = write(dir.path(), "cut.tfrecord", &bytes[..cut]);
        let whole = starts.iter().filter(|s| **s <= cut).count() - 1;
        let stopping = Dataset::tfrecord_with(&path, TruncatedTail::Stop).collect().unwrap();
        assert_eq!(stopping, datas[..whole], "cut at {cut}");
        let failing = Dataset::tfrecord(&path);
        match starts.contains(&cut) {
            true => assert_eq!(failing.collect().unwrap(), datas[..whole]),
            false => assert_eq!(error(&failing).kind(), ErrorKind::Truncated, "cut at {cut}"),
        }
    }
    // A length that asks for more than there is takes no memory for it.
    let length = u64::MAX.to_le_bytes();
    let huge = [&length[..], &masked_crc32c(&length).to_le_bytes(), b"few"].concat();
    let path = write(dir.path(), "huge.tfrecord", huge);
    assert!(error(&Dataset::tfrecord(path)).message().contains("truncated: 3 of"));
}

#[test]
fn fixed_length_records() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "a.bin", b"HHaaabbbcccF");
    let lengths = FixedLength::record_bytes(3).header_bytes(2).footer_bytes(1);
    let ds = Dataset::fixed_length_records(&path, lengths);
    assert_eq!(ds.collect().unwrap(), [b"aaa", b"bbb", b"ccc"]);
    resumes("fixed_length_records", ds);
    let odd = Dataset::fixed_length_records(&path, FixedLength::record_bytes(5));
    assert!(
        error(&odd).to_string().contains("12 bytes are not a header of 0, records of 5"),
        "{}",
        error(&odd)
    );
    assert!(
        error(&Dataset::fixed_length_records(&path, FixedLength::record_bytes(0)))
            .message()
            .contains("0 bytes")
    );
}

#[test]
fn class_folders_split_as_keras_does() {
    let dir = tempfile::tempdir().unwrap();
    for (class, count) in [("b", 5), ("a", 7), (".hidden", 2)] {
        fs::create_dir_all(dir.path().join(class).join("sub")).unwrap();
        for i in 0..count {
            write(dir.path(), &format!("{class}/f{i}.txt"), format!("{class}{i}"));
        }
        write(dir.path(), &format!("{class}/sub/z.TXT"), "z");
        write(dir.path(), &format!("{class}/no.md"), "no");
    }
    write(dir.path(), "unlabelled.txt", "x");
    let folder = ClassFolder::new(dir.path(), ["txt"]);
    // Keras 3.15: index_directory and get_training_or_validation_split on the same files.
    let cases: [(Option<u32>, Subset, &str, &[i32]); 4] = [
        (
            None,
            Subset::Training,
            "a/f0.txt a/f1.txt a/f2.txt a/f3.txt a/f4.txt a/f5.txt a/f6.txt a/sub/z.TXT b/f0.txt b/f1.txt b/f2.txt",
            &[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        ),
        (None, Subset::Validation, "b/f3.txt b/f4.txt b/sub/z.TXT", &[1, 1, 1]),
        (
            Some(42),
            Subset::Training,
            "b/f1.txt b/f3.txt a/f0.txt b/f4.txt a/f5.txt b/f0.txt a/f2.txt a/f1.txt b/sub/z.TXT a/f4.txt a/sub/z.TXT",
            &[1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0],
        ),
        (Some(42), Subset::Validation, "b/f2.txt a/f3.txt a/f6.txt", &[1, 0, 0]),
    ];
    for (seed, subset, files, labels) in cases {
        let folder = folder.clone().validation_split(0.25, subset);
        let folder = if let Some(seed) = seed { folder.shuffle(seed) } else { folder };
        let found = folder.list().unwrap();
        let names: Vec<_> =
            found.files.iter().map(|f| f.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names.join(" "), files, "seed {seed:?}, {subset:?}");
        assert_eq!(found.labels, labels, "seed {seed:?}, {subset:?}");
        assert_eq!(found.class_names, ["a", "b"]);
    }
    let texts = Dataset::text_folder(&folder.list().unwrap());
    assert_eq!(texts.take(2).collect().unwrap(), [("a0".to_owned(), 0), ("a1".to_owned(), 0)]);
    let only_b = folder.clone().class_names(["b"]).list().unwrap();
    assert_eq!((only_b.files.len(), only_b.class_names.len()), (6, 1));
    let e = folder.clone().class_names(["c"]).list().unwrap_err();
    assert!(e.to_string().contains("no class folder is named `c`; there are [\"a\", \"b\"]"), "{e}");
    assert!(ClassFolder::new(dir.path(), ["png"]).list().unwrap_err().message().contains("no file"));
    assert_eq!(ClassFolder::new(dir.path().join("none"), ["txt"]).list().unwrap_err().kind(), ErrorKind::Io);
}
