//! CIFAR-10 and CIFAR-100 in their binary layout, from folders and from archives on a mirror; flowers likewise.

#[path = "support/archives.rs"]
mod archives;
mod support;

use std::fs;
use std::path::Path;

use archives::{gzip, tar, tar_entry};
use gradus_datasets::cifar100::LabelMode;
use gradus_datasets::{ErrorKind, Lookup, Source, cifar, cifar10, cifar100, flower_photos};

/// A record whose pixel `p` is `(p, p + 1, p + 2)`.
fn record(labels: &[u8]) -> Vec<u8> {
    let plane = |shift: usize| (0..1024).map(move |pixel| (pixel + shift) as u8);
    labels.iter().copied().chain((0..3).flat_map(plane)).collect()
}

#[test]
fn real_records_equal_what_numpy_reads() {
    let Some(folder) = support::real_data("cifar10") else { return };
    let path = folder.join("data_batch_1_first4000.bin");
    let set = cifar::parse_cifar10(&fs::read(&path).unwrap(), "batch").unwrap();
    assert_eq!(set.images.shape, [4000, 32, 32, 3]);
    assert_eq!(set.labels[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert_eq!(set.images.data[..9], [59, 62, 63, 43, 46, 45, 50, 48, 43]);
    assert_eq!(set.images.data[set.images.data.len() - 3..], [83, 153, 57]);
    let sum: u64 =
        set.images.data.iter().enumerate().map(|(at, &pixel)| u64::from(pixel) * (at as u64 % 251)).sum();
    assert_eq!(sum, 185_157_698_979);
}

#[test]
fn records_become_images_in_rows() {
    let set = cifar::parse_cifar10(&[record(&[3]), record(&[9])].concat(), "two").unwrap();
    assert_eq!(set.images.shape, [2, 32, 32, 3]);
    assert_eq!(set.images.get(1).unwrap()[..6], [0, 1, 2, 1, 2, 3]);
    assert_eq!(set.labels, [3, 9]);
    let whole = record(&[0]);
    let cases = [
        ("empty", vec![], "two: expected records of 3073 bytes, found 0 bytes"),
        ("short", whole[1..].to_vec(), "found 3072 bytes"),
        ("long", [&whole[..], &[0]].concat(), "found 3074 bytes"),
        ("a label too large", record(&[10]), "two: expected labels below 10, found 10 at index 0"),
    ];
    for (case, bytes, expected) in cases {
        let error = cifar::parse_cifar10(&bytes, "two").expect_err(case).to_string();
        assert!(error.ends_with(expected), "{case}: {error}");
    }
}

fn write_folder(folder: &Path, files: &[(&str, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<Vec<u8>> =
        files.iter().map(|(name, bytes)| tar_entry(name.as_bytes(), b'0', bytes)).collect();
    gzip(&tar(&entries))
}

fn cifar10_files() -> Vec<(&'static str, Vec<u8>)> {
    let names = [
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
    ];
    names.iter().zip(0..).map(|(&name, label)| (name, record(&[label]))).collect()
}

#[test]
fn folders_with_and_without_the_archives_own_subfolder() {
    let files = cifar10_files();
    for inner in ["", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"] {
        let folder = tempfile::tempdir().unwrap();
        write_folder(&folder.path().join(inner), &files);
        let data = cifar10::Loader::new().data_dir(folder.path()).load().unwrap();
        assert_eq!(data.train.labels, [0, 1, 2, 3, 4], "{inner:?}");
        assert_eq!(data.test.labels, [5], "{inner:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    write_folder(
        folder.path(),
        &[("train.bin", [record(&[4, 77]), record(&[19, 99])].concat()), ("test.bin", record(&[0, 1]))],
    );
    for (mode, expected, classes) in [(LabelMode::Fine, [77, 99], 100), (LabelMode::Coarse, [4, 19], 20)] {
        let data = cifar100::Loader::new().data_dir(folder.path()).label_mode(mode).load().unwrap();
        assert_eq!((&data.train.labels[..], data.class_names.len()), (&expected[..], classes));
        assert_eq!(data.train.images.get(0).unwrap()[..3], [0, 1, 2]);
    }
}

#[test]
fn archives_in_the_users_folder_are_unpacked_into_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let files = cifar10_files();
    let inside: Vec<(String, Vec<u8>)> =
        files.iter().map(|(n, b)| (format!("cifar-10-batches-bin/{n}"), b.clone())).collect();
    let inside: Vec<(&str, Vec<u8>)> =
        inside.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let data_dir = folder.path().join("data");
    write_folder(&data_dir, &[("cifar-10-binary.tar.gz", archive(&inside))]);
    let cache = folder.path().join("cache");
    for _ in 0..2 {
        let data = cifar10::Loader::new().data_dir(&data_dir).cache_dir(&cache).load().unwrap();
        assert_eq!(data.train.labels, [0, 1, 2, 3, 4]);
        assert_eq!(data.source, Source::Directory { path: data_dir.clone(), official: false });
    }
    // Unpacked once.
    let unpacked = || {
        fs::read_dir(cache.join("cifar10"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count()
    };
    assert_eq!(unpacked(), 1);
    let more = [&inside[..], &[("README", vec![1])]].concat();
    write_folder(&data_dir, &[("cifar-10-binary.tar.gz", archive(&more))]);
    cifar10::Loader::new().data_dir(&data_dir).cache_dir(&cache).load().unwrap();
    assert_eq!(unpacked(), 2);

    let evil = archive(&[("../../../evil", vec![1])]);
    write_folder(&data_dir, &[("cifar-100-binary.tar.gz", evil)]);
    let error = cifar100::Loader::new().data_dir(&data_dir).cache_dir(&cache).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostileArchive, "{error}");
    assert!(!folder.path().join("evil").exists());
}

#[test]
fn a_wrong_archive_on_a_mirror_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    write_folder(&mirror, &[("cifar10/cifar-10-binary.tar.gz", archive(&cifar10_files()))]);
    let lookup = Lookup::new()
        .cache_dir(folder.path().join("cache"))
        .own_cache_only(true)
        .mirror(mirror.display().to_string());
    let error = cifar10::Loader::new().lookup(lookup).load().unwrap_err();
    assert!(error.to_string().contains("expected 170052171 bytes, found a file of "), "{error}");
    assert!(!folder.path().join("cache/cifar10/unpacked").exists());
}

#[test]
fn flowers_are_a_folder_of_folders() {
    let folder = tempfile::tempdir().unwrap();
    for class in flower_photos::CLASS_NAMES {
        write_folder(&folder.path().join("flower_photos").join(class), &[("1.jpg", vec![1])]);
    }
    let flowers = flower_photos::Loader::new().data_dir(folder.path()).load().unwrap();
    assert_eq!(flowers.folder, folder.path().join("flower_photos"));
    if let Some(real) = support::real_data("flower_photos") {
        let flowers = flower_photos::Loader::new().data_dir(&real).load().unwrap();
        assert_eq!(flowers.folder, real);
    }
    let empty = tempfile::tempdir().unwrap();
    let error = flower_photos::Loader::new().data_dir(empty.path()).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
}
