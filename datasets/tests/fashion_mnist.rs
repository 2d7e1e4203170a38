//! Fashion-MNIST and MNIST from folders, from the cache, and from the bundled sample.

mod support;

use std::fs;
use std::path::Path;

use gradus_datasets::{ErrorKind, LabeledImages, Lookup, Source, fashion_mnist, mnist};

fn sum(set: &LabeledImages) -> u64 {
    set.images.data.iter().map(|&pixel| u64::from(pixel)).sum()
}

/// A loader that sees neither this machine's cache nor its network.
fn offline(cache: &Path) -> fashion_mnist::Loader {
    fashion_mnist::Loader::new().lookup(Lookup::new().cache_dir(cache).offline(true).own_cache_only(true))
}

#[test]
fn the_whole_set_equals_what_numpy_reads() {
    if let Some(folder) = support::real_data("fashion_mnist") {
        let data = fashion_mnist::Loader::new().data_dir(&folder).load().unwrap();
        assert_eq!(data.source, Source::Directory { path: folder.clone(), official: true });
        assert_eq!(
            (&data.train.images.shape[..], &data.test.images.shape[..]),
            (&[60_000, 28, 28][..], &[10_000, 28, 28][..])
        );
        assert_eq!(data.train.labels[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
        assert_eq!(data.test.labels[..10], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
        assert_eq!((sum(&data.train), sum(&data.test)), FASHION_SUMS);
    }
    if let Some(folder) = support::real_data("mnist") {
        let data = mnist::Loader::new().data_dir(&folder).load().unwrap();
        assert_eq!(data.train.labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
        assert_eq!(data.test.labels[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
        assert_eq!((sum(&data.train), sum(&data.test)), MNIST_SUMS);
    }
}
const FASHION_SUMS: (u64, u64) = (3_431_114_169, 573_469_082);
const MNIST_SUMS: (u64, u64) = (1_567_298_545, 264_923_200);

#[test]
#[cfg(feature = "sample")]
fn the_sample_is_a_balanced_part_of_the_whole() {
    let empty = tempfile::tempdir().unwrap();
    let sample = offline(empty.path()).load().unwrap();
    let Source::Sample { reason, .. } = &sample.source else { panic!("found {:?}", sample.source) };
    assert!(reason.contains("offline as asked"), "{reason}");
    let line = sample.source.to_string();
    assert!(line.starts_with("bundled sample: 6,000 training and 1,000 test images"), "{line}");
    for (set, per_class) in [(&sample.train, 600), (&sample.test, 100)] {
        assert_eq!(set.images.shape, [per_class * 10, 28, 28]);
        for class in 0..10 {
            assert_eq!(set.labels.iter().filter(|&&l| l == class).count(), per_class, "class {class}");
        }
    }
    let Some(folder) = support::real_data("fashion_mnist") else { return };
    let whole = fashion_mnist::Loader::new().data_dir(folder).load().unwrap();
    for (part, whole, per_class) in [(&sample.train, &whole.train, 600), (&sample.test, &whole.test, 100)] {
        let mut seen = [0; 10];
        let first: Vec<usize> = (0..whole.len())
            .filter(|&index| {
                let count = &mut seen[usize::from(whole.labels[index])];
                *count += 1;
                *count <= per_class
            })
            .collect();
        assert_eq!(first.len(), part.len());
        for (index, &original) in first.iter().enumerate() {
            assert_eq!(
                part.images.get(index),
                whole.images.get(original),
                "image {index} is {original} of the whole"
            );
            assert_eq!(part.labels[index], whole.labels[original], "label {index}");
        }
    }
}

#[test]
fn a_named_folder_must_have_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let load = || fashion_mnist::Loader::new().data_dir(folder.path()).offline(true).load();
    let error = load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().contains("expected train-images-idx3-ubyte.gz, train-labels"), "{error}");

    let inner = folder.path().join("fashion-mnist");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("train-images-idx3-ubyte"), b"x").unwrap();
    let error = load().unwrap_err().to_string();
    assert!(error.contains("but not train-labels-idx1-ubyte.gz"), "{error}");

    for name in ["train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] {
        fs::write(inner.join(name), b"x").unwrap();
    }
    let error = load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("train-images-idx3-ubyte: expected at least 4 bytes"), "{error}");
}

#[test]
fn small_sets_of_the_same_form_load_and_are_not_called_official() {
    let folder = tempfile::tempdir().unwrap();
    let images = |count: u32| {
        let mut bytes = vec![0, 0, 8, 3];
        [count, 28, 28].iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
        bytes.resize(16 + count as usize * 784, 7);
        bytes
    };
    let labels = |values: &[u8]| [&[0, 0, 8, 1], &(values.len() as u32).to_be_bytes()[..], values].concat();
    let write = |train: Vec<u8>, train_labels: Vec<u8>| {
        let files = [
            ("train-images-idx3-ubyte", train),
            ("train-labels-idx1-ubyte", train_labels),
            ("t10k-images-idx3-ubyte", images(1)),
            ("t10k-labels-idx1-ubyte", labels(&[3])),
        ];
        files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
        fashion_mnist::Loader::new().data_dir(folder.path()).load()
    };
    let data = write(images(2), labels(&[0, 9])).unwrap();
    assert_eq!(data.source, Source::Directory { path: folder.path().into(), official: false });
    assert_eq!(data.train.labels, [0, 9]);

    let mut wide = images(2);
    wide[11] = 29;
    wide.resize(16 + 2 * 29 * 28, 0);
    let cases = [
        ("label out of range", images(2), labels(&[0, 10]), "expected labels below 10, found 10 at index 1"),
        ("too few labels", images(2), labels(&[0]), "expected a label for each of 2 images, found 1"),
        ("no images", images(0), labels(&[]), "expected images, found none"),
        ("wider images", wide, labels(&[0, 1]), "images of the shape [images, 28, 28], found [2, 29, 28]"),
        ("labels for images", labels(&[0, 1]), labels(&[0, 1]), "found [2]"),
    ];
    for (case, train, train_labels, expected) in cases {
        let error = write(train, train_labels).expect_err(case).to_string();
        assert!(error.contains(expected) && error.contains("train-"), "{case}: {error}");
    }
}

#[test]
fn the_files_of_the_other_set_are_not_taken() {
    let Some(digits) = support::real_data("mnist") else { return };
    let error = fashion_mnist::Loader::new().data_dir(digits).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().ends_with("expected fashion_mnist, found the file of mnist"), "{error}");
}

#[test]
fn the_cache_is_used_only_while_it_is_whole() {
    let Some(real) = support::real_data("fashion_mnist") else { return };
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("fashion_mnist");
    fs::create_dir(&folder).unwrap();
    for file in gradus_datasets::catalog::FASHION_MNIST.files {
        fs::copy(real.join(file.name), folder.join(file.name)).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(offline(cache.path()).load().unwrap().source, Source::Cache(folder.clone()));
    }
    let labels = folder.join("t10k-labels-idx1-ubyte.gz");
    let whole = fs::read(&labels).unwrap();
    let mut flipped = whole.clone();
    flipped[2000] ^= 4;
    for (case, bytes) in [("flipped", &flipped[..]), ("truncated", &whole[..5000]), ("empty", &[])] {
        // A copy of a read-only file is read-only.
        fs::remove_file(&labels).unwrap();
        fs::write(&labels, bytes).unwrap();
        let error = offline(cache.path()).sample(false).load().expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Missing, "{case}: {error}");
        #[cfg(feature = "sample")]
        assert!(offline(cache.path()).load().unwrap().source.is_sample(), "{case}");
    }
    fs::remove_file(&labels).unwrap();
    fs::write(&labels, whole).unwrap();
    assert_eq!(offline(cache.path()).load().unwrap().source, Source::Cache(folder));
}
