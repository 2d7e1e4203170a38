//! The table of data sets: addresses, mirrors, hashes, sizes, licences.
//!
//! A hash marked *measured* was computed from files whose MD5 the publisher gives; the others are the ones that
//! Keras 3 pins. Two archives are pinned by MD5 alone or not at all, because no better hash of them is published:
//! [`File::pin`] tells.

use crate::digest::Digest;

/// One data set.
#[derive(Debug)]
pub struct Entry {
    /// The name that Keras uses, such as `fashion_mnist`.
    pub name: &'static str,
    /// One line about the contents.
    pub about: &'static str,
    /// The licence, as far as the publisher states one.
    pub license: &'static str,
    /// Where the data set is described.
    pub homepage: &'static str,
    /// Other names under which [`find`] knows it.
    pub aliases: &'static [&'static str],
    /// Where Keras keeps the files, below its `datasets` folder: a folder's name, or nothing.
    pub keras_folder: &'static str,
    /// The files, all of which are needed.
    pub files: &'static [File],
}

/// One file of a data set.
#[derive(Debug)]
pub struct File {
    /// The name in the cache and on the servers.
    pub name: &'static str,
    /// The folders on the servers, tried in this order; the address is the folder and the name.
    pub mirrors: &'static [&'static str],
    /// The hash that the file must have, where one is known.
    pub digest: Option<Digest>,
    /// The exact size, where it is known.
    pub bytes: Option<u64>,
    /// More than this is never downloaded.
    pub max_bytes: u64,
}

/// How firmly a file is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// By SHA-256.
    Sha256,
    /// By MD5, which finds accidents but not attackers.
    Md5,
    /// By its size and the server's certificate alone.
    Unpinned,
}

impl Entry {
    /// Whether the entry is one archive, to be [unpacked](crate::Lookup::unpacked).
    pub fn is_archive(&self) -> bool {
        matches!(self.files, [file] if [".tar.gz", ".tgz", ".tar", ".zip"].iter().any(|end| file.name.ends_with(end)))
    }

    /// The sizes of all files together, where they are known.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl File {
    /// The addresses, in the order in which they are tried.
    pub fn urls(&self) -> impl Iterator<Item = String> + '_ {
        self.mirrors.iter().map(|mirror| format!("{mirror}{}", self.name))
    }

    /// How firmly the file is pinned.
    pub fn pin(&self) -> Pin {
        match self.digest {
            Some(Digest::Sha256(_)) => Pin::Sha256,
            Some(Digest::Md5(_)) => Pin::Md5,
            None => Pin::Unpinned,
        }
    }
}

/// Every data set, in alphabetical order.
pub static ALL: &[&Entry] = &[
    &BOSTON_HOUSING,
    &CALIFORNIA_HOUSING,
    &CIFAR10,
    &CIFAR100,
    &FASHION_MNIST,
    &FLOWER_PHOTOS,
    &IMDB,
    &MNIST,
    &REUTERS,
];

/// The names that differ least from a wrong one, at most three.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let closest = |entry: &Entry| {
        let names = entry.aliases.iter().copied().chain([entry.name]);
        names.map(|candidate| distance(&name, candidate)).min().unwrap_or(usize::MAX)
    };
    let mut names: Vec<(usize, &str)> = ALL.iter().map(|entry| (closest(entry), entry.name)).collect();
    names.sort();
    names
        .into_iter()
        .take_while(|&(distance, _)| distance <= name.len().max(4) / 2)
        .take(3)
        .map(|(_, name)| name)
        .collect()
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let changed = diagonal + usize::from(letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The data set of this name or alias; `-` and `_` and the case of letters make no difference.
pub fn find(name: &str) -> Option<&'static Entry> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let name = plain(name);
    ALL.iter()
        .copied()
        .find(|entry| plain(entry.name) == name || entry.aliases.iter().any(|a| plain(a) == name))
}

const KERAS: &str = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/";
const MB: u64 = 1_000_000;

const fn file(
    name: &'static str,
    mirrors: &'static [&'static str],
    digest: Option<Digest>,
    bytes: Option<u64>,
    max_bytes: u64,
) -> File {
    File { name, mirrors, digest, bytes, max_bytes }
}

const fn pinned(name: &'static str, mirrors: &'static [&'static str], sha256: &str, bytes: u64) -> File {
    file(name, mirrors, Some(Digest::sha256(sha256)), Some(bytes), bytes)
}

/// 506 house prices in Boston, with 13 features.
pub static BOSTON_HOUSING: Entry = Entry {
    name: "boston_housing",
    about: "506 house prices in Boston suburbs of the 1970s, 13 features; ethically doubtful, prefer california_housing",
    license: "not stated; StatLib archive",
    homepage: "http://lib.stat.cmu.edu/datasets/boston",
    aliases: &["boston"],
    keras_folder: "",
    files: &[file(
        "boston_housing.npz",
        &[KERAS],
        Some(Digest::sha256("f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5")),
        None,
        MB,
    )],
};

/// 20,640 house prices in California, with 8 features.
pub static CALIFORNIA_HOUSING: Entry = Entry {
    name: "california_housing",
    about: "20,640 house prices of the 1990 census of California, 8 features",
    license: "not stated; StatLib archive",
    homepage: "https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html",
    aliases: &["california", "housing"],
    keras_folder: "",
    files: &[pinned(
        "california_housing.npz",
        &[KERAS],
        "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
        743_530,
    )],
};

// The python archives that Keras downloads are pickles; the binary ones of the same page hold the same images.
const TORONTO: &[&str] = &["https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"];

/// 60,000 colour images of 32 x 32 pixels in 10 classes.
pub static CIFAR10: Entry = Entry {
    name: "cifar10",
    about: "60,000 colour images, 32 x 32, in 10 classes; 50,000 for training",
    license: "not stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
    aliases: &["cifar"],
    keras_folder: "",
    files: &[pinned(
        "cifar-10-binary.tar.gz",
        TORONTO,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        170_052_171,
    )],
};

/// 60,000 colour images of 32 x 32 pixels in 100 classes of 20 groups.
pub static CIFAR100: Entry = Entry {
    name: "cifar100",
    about: "60,000 colour images, 32 x 32, in 100 classes of 20 groups; 50,000 for training",
    license: "not stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
    aliases: &[],
    keras_folder: "",
    files: &[file(
        "cifar-100-binary.tar.gz",
        TORONTO,
        Some(Digest::md5("03b5dce01913d631647c71ecec9e9cb8")),
        None,
        200 * MB,
    )],
};

// The second mirror is the publisher's own bucket; it speaks plain http, which the pinned hashes make safe.
const FASHION: &[&str] = &[KERAS, "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"];

/// 70,000 grey images of clothes, 28 x 28 pixels, in 10 classes. Hashes measured.
pub static FASHION_MNIST: Entry = Entry {
    name: "fashion_mnist",
    about: "70,000 grey images of clothes, 28 x 28, in 10 classes; 60,000 for training",
    license: "MIT, (c) 2017 Zalando SE",
    homepage: "https://github.com/zalandoresearch/fashion-mnist",
    aliases: &["fashion"],
    keras_folder: "fashion-mnist",
    files: &[
        pinned(
            "train-images-idx3-ubyte.gz",
            FASHION,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            26_421_880,
        ),
        pinned(
            "train-labels-idx1-ubyte.gz",
            FASHION,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            29_515,
        ),
        pinned(
            "t10k-images-idx3-ubyte.gz",
            FASHION,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            4_422_102,
        ),
        pinned(
            "t10k-labels-idx1-ubyte.gz",
            FASHION,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            5_148,
        ),
    ],
};

/// 3,670 photographs of flowers in 5 folders.
pub static FLOWER_PHOTOS: Entry = Entry {
    name: "flower_photos",
    about: "3,670 photographs of daisies, dandelions, roses, sunflowers and tulips, JPEG, of many sizes",
    license: "CC-BY 2.0, each photograph by its own author (LICENSE.txt in the archive)",
    homepage: "https://www.tensorflow.org/datasets/catalog/tf_flowers",
    aliases: &["flowers"],
    keras_folder: "",
    files: &[file(
        "flower_photos.tgz",
        &["https://storage.googleapis.com/download.tensorflow.org/example_images/"],
        None,
        Some(228_813_984),
        228_813_984,
    )],
};

/// 50,000 film reviews as word numbers, good or bad.
pub static IMDB: Entry = Entry {
    name: "imdb",
    about: "50,000 film reviews as lists of word numbers, labelled good or bad; 25,000 for training",
    license: "not stated; cite Maas et al., Learning Word Vectors for Sentiment Analysis, 2011",
    homepage: "https://ai.stanford.edu/~amaas/data/sentiment/",
    aliases: &[],
    keras_folder: "",
    files: &[
        pinned(
            "imdb.npz",
            &[KERAS],
            "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
            17_464_789,
        ),
        file(
            "imdb_word_index.json",
            &[KERAS],
            Some(Digest::md5("bfafd718b763782e994055a2d397834f")),
            None,
            10 * MB,
        ),
    ],
};

// The bucket of the original authors refuses most downloads; these two mirrors hold the same bytes.
const MNIST_MIRRORS: &[&str] = &[
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
];

/// 70,000 grey images of handwritten digits, 28 x 28 pixels. Hashes measured.
pub static MNIST: Entry = Entry {
    name: "mnist",
    about: "70,000 grey images of handwritten digits, 28 x 28; 60,000 for training",
    license: "CC BY-SA 3.0, (c) Yann LeCun and Corinna Cortes",
    homepage: "http://yann.lecun.com/exdb/mnist/",
    aliases: &["digits"],
    keras_folder: "",
    files: &[
        pinned(
            "train-images-idx3-ubyte.gz",
            MNIST_MIRRORS,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            9_912_422,
        ),
        pinned(
            "train-labels-idx1-ubyte.gz",
            MNIST_MIRRORS,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            28_881,
        ),
        pinned(
            "t10k-images-idx3-ubyte.gz",
            MNIST_MIRRORS,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            1_648_877,
        ),
        pinned(
            "t10k-labels-idx1-ubyte.gz",
            MNIST_MIRRORS,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            4_542,
        ),
    ],
};

/// MNIST as the one file that Keras downloads: read from Keras's cache or a folder when it is there.
pub static MNIST_NPZ: File = pinned(
    "mnist.npz",
    &[KERAS],
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    11_490_434,
);

/// 11,228 newswires as word numbers, in 46 topics.
pub static REUTERS: Entry = Entry {
    name: "reuters",
    about: "11,228 newswires of 1987 as lists of word numbers, in 46 topics",
    license: "research use; cite Lewis, Reuters-21578",
    homepage: "https://www.daviddlewis.com/resources/testcollections/reuters21578/",
    aliases: &[],
    keras_folder: "",
    files: &[
        pinned(
            "reuters.npz",
            &[KERAS],
            "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
            2_110_848,
        ),
        file(
            "reuters_word_index.json",
            &[KERAS],
            Some(Digest::md5("4d44cc38712099c9e383dc6e5f11a921")),
            None,
            10 * MB,
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_find_one_entry_each() {
        let cases = [
            ("fashion-mnist", Some("fashion_mnist")),
            ("Fashion_MNIST", Some("fashion_mnist")),
            ("flowers", Some("flower_photos")),
            ("cifar", Some("cifar10")),
            ("mnist.npz", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(find(name).map(|entry| entry.name), expected, "{name:?}");
        }
    }

    #[test]
    fn wrong_names_have_neighbours() {
        let cases: [(&str, &[&str]); 4] = [
            ("fashon-mnist", &["fashion_mnist"]),
            ("mnst", &["mnist"]),
            ("flower", &["flower_photos"]),
            ("zzzzzzzzzzzz", &[]),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name).into_iter().take(1).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        for (index, entry) in ALL.iter().enumerate() {
            assert!(index == 0 || ALL[index - 1].name < entry.name, "{} is out of order", entry.name);
            for file in entry.files {
                assert!(!file.mirrors.is_empty() && file.max_bytes > 0, "{}", file.name);
                assert!(file.bytes.is_none_or(|bytes| bytes <= file.max_bytes), "{}", file.name);
                for url in file.urls() {
                    let safe = url.starts_with("https://") || file.pin() == Pin::Sha256;
                    assert!(safe, "{url}: http needs a SHA-256");
                }
            }
        }
    }

    #[test]
    fn says_which_files_have_no_sha256() {
        let weak: Vec<&str> =
            ALL.iter().flat_map(|e| e.files).filter(|f| f.pin() != Pin::Sha256).map(|f| f.name).collect();
        let expected = [
            "cifar-100-binary.tar.gz",
            "flower_photos.tgz",
            "imdb_word_index.json",
            "reuters_word_index.json",
        ];
        assert_eq!(weak, expected);
    }
}
