//! Folders of images: Keras's splits and pixels, damaged and unusual files, bombs, augmentation stages.
#![cfg(feature = "image")]

use std::collections::HashSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gradus_data::image::augment::{CutMix, MixUp, RandAugment, RandomFlip, RandomRotation, Sequence};
use gradus_data::image::{ColorMode, DataGenerator, ImageDataset, ImageFolder, LabelMode, LoadImage, Method};
use gradus_data::{Dataset, ErrorKind, IgnoreErrors, IteratorState, Subset, crc32c};
use gradus_tensor::{DType, Tensor};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// An 8 x 8 JPEG in CMYK as Photoshop writes it (inverted), of one colour: TensorFlow reads 198, 101, 50.
const CMYK: &str = "\
    ffd8ffee000e41646f626500640000000000ffdb0043001b12141714111b1716171e1c1b2028422b28252528513a3d30\
    42605565645f555d5b6a7899816a7190735b5d85b586909ea3abadab6780bcc9baa6c799a8aba4ffc000140800080008\
    044311004d11005911004b1100ffc400160001010100000000000000000000000000050406ffc4001410010000000000\
    0000000000000000000000ffda000e0443004d0059004b00003f0055388699ffd9";

/// A 16 x 8 JPEG, red on the left, that EXIF says is to be turned clockwise.
const EXIF: &str = "\
    ffd8ffe000104a46494600010100000100010000ffe100224578696600004d4d002a0000000800010112000300000001\
    0006000000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b0d\
    0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffdb00430103040405040509050509140d0b0d\
    141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414\
    1414ffc00011080008001003011100021101031101ffc40014000100000000000000000000000000000008ffc4001410\
    0100000000000000000000000000000000ffc4001501010100000000000000000000000000000709ffc4001411010000\
    0000000000000000000000000000ffda000c03010002110311003f003a03154c3539a563ffd9";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A picture that is no single colour.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 % 256) as u8, (y * 5 % 256) as u8, ((x + y) * 3 % 256) as u8])
    })
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// The 300 flower photographs, where they are at hand.
fn flowers() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|a| a.join("shared/data/flower_photos")).find(|p| p.is_dir());
    if found.is_none() {
        println!("skipped: no flower photographs at hand");
    }
    found
}

/// A folder of two classes with so many small pictures each.
fn small(count: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for class in ["apple", "pear"] {
        fs::create_dir(dir.path().join(class)).unwrap();
        for i in 0..count {
            let picture =
                RgbImage::from_pixel(6, 4, Rgb([i as u8, 10, if class == "apple" { 1 } else { 2 }]));
            fs::write(dir.path().join(class).join(format!("{i:03}.png")), encoded(picture, ImageFormat::Png))
                .unwrap();
        }
    }
    dir
}

fn all<T: Send + 'static>(set: &ImageDataset<T>) -> Vec<T> {
    set.dataset.iter_epoch(0).collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_same_files_fall_in_the_same_subset_as_in_keras() {
    let Some(dir) = flowers() else { return };
    // Seed, share, and for both subsets the number of files and the checksum of their names, from Keras 3.15.
    let cases = [
        (123, 0.2, 240, 0x70EC2F77, 60, 0x91344C31),
        (7, 0.33, 201, 0x115A00AC, 99, 0xBA11FAD4),
        (0, 0.01, 297, 0xBC94A3BF, 3, 0x0B8190E9),
    ];
    let sum = |files: &[PathBuf]| {
        let names: Vec<String> =
            files.iter().map(|f| f.strip_prefix(&dir).unwrap().to_str().unwrap().to_owned()).collect();
        crc32c(names.join("\n").as_bytes())
    };
    for (seed, share, train, train_sum, validation, validation_sum) in cases {
        let (a, b) = ImageFolder::new(&dir).validation_split(share).seed(seed).load_both().unwrap();
        assert_eq!((a.files.len(), sum(&a.files)), (train, train_sum), "seed {seed}: training");
        assert_eq!((b.files.len(), sum(&b.files)), (validation, validation_sum), "seed {seed}: validation");
        assert!(a.files.iter().collect::<HashSet<_>>().is_disjoint(&b.files.iter().collect()), "seed {seed}");
    }
    let flat = ImageFolder::new(&dir).shuffle(false).load_unlabelled(None).unwrap();
    assert_eq!((flat.files.len(), sum(&flat.files)), (300, 0x9DFEDFB1), "without labels");
}

#[test]
fn pixels_are_those_that_keras_reads() {
    let Some(dir) = flowers() else { return };
    type Option = fn(ImageFolder) -> ImageFolder;
    // Keras 3.15's loader with `dct_method="INTEGER_ACCURATE"`, the inverse transform that is used here too. By default
    // TensorFlow decodes with libjpeg's fast transform, which is 0.75 levels too dark in the mean (up to 20 in a pixel).
    // Mean, deviation, mean of the first image, mean of the upper half of the last, mean step along a row.
    let cases: [(&str, Option, [f64; 5]); 8] = [
        ("default", |f| f, [103.328, 76.347, 151.372, 44.415, 18.101]),
        ("crop", |f| f.crop_to_aspect_ratio(), [105.173, 76.505, 151.801, 47.160, 18.414]),
        ("pad", |f| f.pad_to_aspect_ratio(), [86.766, 79.316, 126.195, 40.325, 16.963]),
        ("area", |f| f.interpolation(Method::Area), [103.339, 74.419, 151.378, 44.324, 13.820]),
        ("bicubic", |f| f.interpolation(Method::Bicubic), [103.326, 76.921, 151.371, 44.425, 19.374]),
        ("lanczos3", |f| f.interpolation(Method::Lanczos3), [103.323, 77.217, 151.373, 44.431, 20.069]),
        ("grayscale", |f| f.color_mode(ColorMode::Grayscale), [109.553, 67.561, 157.295, 48.428, 17.641]),
        ("nearest", |f| f.interpolation(Method::Nearest), [103.309, 77.348, 151.438, 44.462, 20.322]),
    ];
    for (name, option, want) in cases {
        let folder = option(ImageFolder::new(&dir).shuffle(false).image_size(60, 80).batch_size(300));
        let (x, y) = all(&folder.load_all().unwrap()).remove(0);
        assert_eq!((x.shape().dims()[0], y.dtype()), (300, DType::I32), "{name}");
        let number = |t: gradus_tensor::Result<Tensor>| t.unwrap().to_f64_vec().unwrap()[0];
        let part = |i: usize, rows: isize| x.slice_sizes(&[i, 0, 0, 0], &[1, rows, -1, -1]).unwrap();
        let steps = x.slice_sizes(&[0, 0, 1, 0], &[-1, -1, -1, -1]).unwrap();
        let steps =
            steps.sub(&x.slice_sizes(&[0, 0, 0, 0], &[-1, -1, 79, -1]).unwrap()).unwrap().abs().unwrap();
        let found = [
            number(x.reduce_mean((), false)),
            number(x.reduce_std((), false)),
            number(part(0, -1).reduce_mean((), false)),
            number(part(299, 30).reduce_mean((), false)),
            number(steps.reduce_mean((), false)),
        ];
        for (k, (found, want)) in found.into_iter().zip(want).enumerate() {
            // Over all pixels of these files the two decoders differ by 0.006 levels in the mean and 3 at most.
            assert!((found - want).abs() < 0.05, "{name}, figure {k}: {found}, Keras {want}");
        }
    }
}

#[test]
fn options_of_labels_colours_and_batches() {
    let dir = small(5);
    let folder = || ImageFolder::new(dir.path()).image_size(4, 6).shuffle(false).batch_size(4);
    let set = folder().load_all().unwrap();
    assert_eq!(set.class_names, ["apple", "pear"]);
    let batches = all(&set);
    assert_eq!(batches.iter().map(|b| b.0.shape().dims()[0]).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(batches[1].1.to_vec::<i32>().unwrap(), [0, 1, 1, 1]);
    assert_eq!(batches[0].0.to_vec::<f32>().unwrap()[..3], [0.0, 10.0, 1.0]);

    let named = folder().class_names(["pear", "apple"]).load_all().unwrap();
    assert_eq!(all(&named)[0].0.to_vec::<f32>().unwrap()[..3], [0.0, 10.0, 2.0]);
    let one_hot = all(&folder().label_mode(LabelMode::Categorical).load_all().unwrap());
    assert_eq!(one_hot[1].1.to_vec::<f32>().unwrap(), [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let binary = all(&folder().label_mode(LabelMode::Binary).load_all().unwrap());
    assert_eq!(
        (binary[2].1.shape().dims(), binary[2].1.to_vec::<f32>().unwrap()),
        (&[2, 1][..], vec![1.0, 1.0])
    );
    let single = folder().unbatched().color_mode(ColorMode::Rgba).load_unlabelled(None).unwrap();
    assert_eq!(all(&single)[0].shape().dims(), [4, 6, 4]);

    let shuffled = folder().shuffle(true).seed(3).load_all().unwrap();
    let order = |epoch| {
        let batches =
            shuffled.dataset.iter_epoch(epoch).map(|b| b.unwrap().0.to_vec::<f32>().unwrap()[0] as i32);
        batches.collect::<Vec<_>>()
    };
    assert_eq!(order(0), order(0));
    assert_ne!(order(0), order(1), "every epoch has its order");

    for (name, folder) in [
        ("binary labels of three classes", {
            fs::create_dir(dir.path().join("third")).unwrap();
            folder().label_mode(LabelMode::Binary)
        }),
        ("a class that is not there", folder().class_names(["plum"])),
        ("no such folder", ImageFolder::new(dir.path().join("none"))),
        ("an empty class folder only", ImageFolder::new(dir.path()).class_names(["third"])),
    ] {
        assert!(folder.load_all().is_err(), "{name}");
    }
    assert!(folder().load(Subset::Training).is_err(), "a subset without a split");
    assert!(folder().validation_split(0.5).load_all().is_err(), "a split without a subset");
    assert!(folder().validation_split(1.5).load(Subset::Training).is_err(), "a split of more than all");
}

#[test]
fn the_stream_is_the_same_for_any_number_of_threads_and_continues() {
    let dir = small(20);
    let stream = |threads: usize| {
        let folder = ImageFolder::new(dir.path()).image_size(5, 5).batch_size(7).seed(9).parallel(threads);
        let augment = Sequence::new().add(RandomFlip::horizontal()).add(RandomRotation::new(0.2));
        folder.load_all().unwrap().dataset.augment(threads, 4, augment)
    };
    let text = |b: gradus_data::Result<(Tensor, Tensor)>| {
        let (x, y) = b.unwrap();
        (x.to_bytes().unwrap(), y.to_vec::<i32>().unwrap())
    };
    let one: Vec<_> = stream(1).iter_epoch(2).map(text).collect();
    for threads in [2, 3, 5] {
        assert_eq!(stream(threads).iter_epoch(2).map(text).collect::<Vec<_>>(), one, "{threads} threads");
    }
    let ds = stream(2);
    let mut iter = ds.iter_epoch(2);
    iter.by_ref().take(3).for_each(drop);
    let state = IteratorState::from_bytes(&iter.state().to_bytes()).unwrap();
    drop(iter);
    assert_eq!(
        ds.resume(&state).unwrap().map(text).collect::<Vec<_>>(),
        one[3..],
        "continued behind batch 3"
    );
}

/// Twenty files that are damaged, and what each is.
fn damaged(folder: &Path) -> Vec<(String, ErrorKind)> {
    let jpeg = encoded(picture(160, 120), ImageFormat::Jpeg);
    let png = encoded(picture(50, 40), ImageFormat::Png);
    let gif = encoded(picture(50, 40), ImageFormat::Gif);
    let bmp = encoded(picture(50, 40), ImageFormat::Bmp);
    let webp = encoded(picture(50, 40), ImageFormat::WebP);
    let cut = |b: &[u8], share: f64| b[..(b.len() as f64 * share) as usize].to_vec();
    let flipped = |b: &[u8]| {
        let mut b = b.to_vec();
        let middle = b.len() / 2;
        b[middle] ^= 0x55;
        b
    };
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    let checksum = crc_of_png(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    let list: Vec<(&str, Vec<u8>, ErrorKind)> = vec![
        ("cut_10.jpg", cut(&jpeg, 0.1), ErrorKind::Corrupt),
        ("cut_30.jpg", cut(&jpeg, 0.3), ErrorKind::Corrupt),
        ("cut_50.jpg", cut(&jpeg, 0.5), ErrorKind::Corrupt),
        ("cut_70.jpg", cut(&jpeg, 0.7), ErrorKind::Corrupt),
        ("cut_90.jpg", cut(&jpeg, 0.9), ErrorKind::Corrupt),
        ("cut_99.jpeg", cut(&jpeg, 0.99), ErrorKind::Corrupt),
        ("head.jpg", jpeg[..20].to_vec(), ErrorKind::Corrupt),
        ("three_bytes.jpg", vec![0xFF, 0xD8, 0xFF], ErrorKind::Corrupt),
        ("empty.jpg", Vec::new(), ErrorKind::Corrupt),
        ("empty.png", Vec::new(), ErrorKind::Corrupt),
        ("page.jpg", b"<html><body>404 Not Found</body></html>".to_vec(), ErrorKind::Parse),
        ("text.png", b"not an image at all".to_vec(), ErrorKind::Parse),
        ("zeros.jpg", vec![0; 5000], ErrorKind::Parse),
        ("cut.png", cut(&png, 0.6), ErrorKind::Corrupt),
        ("flipped.png", flipped(&png), ErrorKind::Corrupt),
        ("cut.gif", cut(&gif, 0.5), ErrorKind::Corrupt),
        ("cut.bmp", cut(&bmp, 0.5), ErrorKind::Corrupt),
        ("cut.webp", cut(&webp, 0.5), ErrorKind::Corrupt),
        ("bomb.png", bomb, ErrorKind::Limit),
        ("bomb.jpg", jpeg_bomb(&jpeg), ErrorKind::Limit),
    ];
    for (name, bytes, _) in &list {
        fs::write(folder.join(name), bytes).unwrap();
    }
    list.into_iter().map(|(name, _, kind)| (name.to_owned(), kind)).collect()
}

/// The file with 65,500 x 65,500 pixels in its header.
fn jpeg_bomb(jpeg: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg.to_vec();
    let header = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).expect("a baseline header");
    bytes[header + 5..header + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    bytes
}

/// CRC-32 as PNG has it.
fn crc_of_png(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ if c & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

#[test]
fn twenty_damaged_files_among_three_hundred_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let class = dir.path().join("good");
    fs::create_dir(&class).unwrap();
    let good = match flowers() {
        Some(photos) => {
            let files = ImageFolder::new(photos).shuffle(false).list(None).unwrap().files;
            for (i, file) in files.iter().enumerate() {
                fs::copy(file, class.join(format!("{i:03}.jpg"))).unwrap();
            }
            files.len()
        }
        None => {
            let jpeg = encoded(picture(64, 48), ImageFormat::Jpeg);
            (0..300).for_each(|i| fs::write(class.join(format!("{i:03}.jpg")), &jpeg).unwrap());
            300
        }
    };
    let bad = damaged(&class);
    assert_eq!(bad.len(), 20);
    let folder = || ImageFolder::new(dir.path()).image_size(32, 32).seed(5);

    let first = folder().load_all().unwrap().dataset.iter_epoch(0).find_map(Result::err).expect("an error");
    let name =
        |e: &gradus_data::DataError| e.file().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(bad.iter().any(|(n, kind)| *n == name(&first) && *kind == first.kind()), "{first}");

    let skipped = IgnoreErrors::at_most(20);
    let set = folder().ignore_errors(&skipped).load_all().unwrap();
    let read: usize = all(&set).iter().map(|(x, _)| x.shape().dims()[0]).sum();
    let mut found: Vec<_> = skipped.skipped().iter().map(|e| (name(e), e.kind())).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut wanted = bad.clone();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, wanted);
    assert_eq!(read, good);

    let few = IgnoreErrors::at_most(19);
    let set = folder().ignore_errors(&few).load_all().unwrap();
    let error = set.dataset.iter_epoch(0).find_map(Result::err).expect("one more than allowed is an error");
    assert!(error.to_string().contains("19"), "{error}");
}

#[test]
fn unusual_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let gray16 = image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::from_pixel(3, 2, image::Luma([0xAB12]));
    let alpha = image::RgbaImage::from_pixel(3, 2, image::Rgba([9, 8, 7, 0]));
    let flat = RgbImage::from_pixel(3, 2, Rgb([9, 8, 7]));
    let cases: Vec<(&str, Vec<u8>, [f32; 3], f32)> = vec![
        ("cmyk.jpg", bytes(CMYK), [198.0, 101.0, 50.0], 3.0),
        ("png_named.jpg", encoded(flat.clone(), ImageFormat::Png), [9.0, 8.0, 7.0], 0.0),
        ("sixteen_bits.png", encoded(gray16, ImageFormat::Png), [171.0, 171.0, 171.0], 0.0),
        ("alpha.png", encoded(alpha, ImageFormat::Png), [9.0, 8.0, 7.0], 0.0),
        (
            "one_pixel.png",
            encoded(RgbImage::from_pixel(1, 1, Rgb([9, 8, 7])), ImageFormat::Png),
            [9.0, 8.0, 7.0],
            0.0,
        ),
        ("bmp.bmp", encoded(flat.clone(), ImageFormat::Bmp), [9.0, 8.0, 7.0], 0.0),
        ("gif.gif", encoded(flat.clone(), ImageFormat::Gif), [9.0, 8.0, 7.0], 3.0),
        ("webp.webp", encoded(flat, ImageFormat::WebP), [9.0, 8.0, 7.0], 0.0),
    ];
    let mut last = PathBuf::new();
    for (name, bytes, want, tolerance) in cases {
        last = write(name, bytes);
        let found = LoadImage::new().size(2, 2).load(&last).unwrap().to_vec::<f32>().unwrap();
        for (found, want) in found.iter().zip(want.iter().cycle()) {
            assert!((found - want).abs() <= tolerance, "{name}: {found}, expected {want}");
        }
    }
    #[cfg(unix)]
    {
        let link = dir.path().join("link.png");
        std::os::unix::fs::symlink(&last, &link).unwrap();
        assert!(LoadImage::new().load(&link).is_ok(), "a link to an image");
        let broken = dir.path().join("broken.png");
        std::os::unix::fs::symlink(dir.path().join("nothing"), &broken).unwrap();
        let e = LoadImage::new().load(&broken).unwrap_err();
        assert_eq!((e.kind(), e.file()), (ErrorKind::Io, Some(broken.as_path())));
        use std::os::unix::fs::PermissionsExt;
        let locked = write("locked.png", encoded(picture(2, 2), ImageFormat::Png));
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        match LoadImage::new().load(&locked) {
            Err(e) => assert_eq!((e.kind(), e.file()), (ErrorKind::Io, Some(locked.as_path()))),
            Ok(_) => println!("skipped: this user may read everything"),
        }
    }
    let turned = write("turned.jpg", bytes(EXIF));
    let as_keras = LoadImage::new().size(8, 16).load(&turned).unwrap().to_vec::<f32>().unwrap();
    assert!(as_keras[0] > 200.0 && as_keras[15 * 3] < 50.0, "red on the left");
    let upright =
        LoadImage::new().size(16, 8).apply_orientation(true).load(&turned).unwrap().to_vec::<f32>().unwrap();
    assert!(upright[0] > 200.0 && upright[7 * 3] > 200.0 && upright[15 * 8 * 3] < 50.0, "red on top");
}

#[test]
fn bombs_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    damaged(dir.path());
    let mut many = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut many);
        let frame = image::Frame::new(image::RgbaImage::new(1, 1));
        (0..20_000).for_each(|_| encoder.encode_frame(frame.clone()).unwrap());
    }
    for name in ["bomb.png", "bomb.jpg"] {
        let start = Instant::now();
        let e = LoadImage::new().load(&dir.path().join(name)).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Limit, "{name}: {e}");
        // Ten times the wanted 10 ms, for busy machines.
        assert!(start.elapsed() < Duration::from_millis(100), "{name} took {:?}", start.elapsed());
    }
    let frames = gradus_image::decode_image(&many).unwrap_err();
    assert_eq!(frames.kind(), gradus_image::DecodeErrorKind::Limit, "{frames}");
}

#[test]
fn mutated_files_never_panic() {
    let seeds = [
        encoded(picture(32, 24), ImageFormat::Jpeg),
        encoded(picture(16, 12), ImageFormat::Png),
        encoded(picture(16, 12), ImageFormat::Gif),
        encoded(picture(16, 12), ImageFormat::Bmp),
        encoded(picture(16, 12), ImageFormat::WebP),
        bytes(CMYK),
        bytes(EXIF),
    ];
    let limits = gradus_image::Limits { max_pixels: 1 << 20, max_bytes: 1 << 24, max_frames: 50 };
    let decoder = gradus_image::Decoder::new().limits(limits).expand_animations(true).apply_orientation(true);
    let mut decoded = 0;
    for (kind, seed) in seeds.iter().enumerate() {
        for round in 0..1500u64 {
            let key = gradus_data::Key::new(round).fold(kind as u64);
            let mut file = seed.clone();
            for i in 0..1 + key.below(0, 4) {
                let at = key.below(3 * i + 1, file.len() as u64) as usize;
                match key.below(3 * i + 2, 4) {
                    0 => file[at] ^= 1 << key.below(3 * i + 3, 8),
                    1 => file[at] = key.bits(3 * i + 3) as u8,
                    2 => file.truncate(at.max(1)),
                    _ => file.insert(at, key.bits(3 * i + 3) as u8),
                }
            }
            decoded += usize::from(decoder.decode(&file).is_ok());
        }
    }
    println!("{decoded} of {} mutants are images", seeds.len() * 1500);
}

#[test]
fn augmentation_changes_images_and_nothing_else() {
    let x = Tensor::from_vec((0..6 * 8 * 8 * 3).map(|v| (v % 256) as f32).collect(), [6, 8, 8, 3]).unwrap();
    let y = Tensor::from_vec((0..6).collect::<Vec<i32>>(), [6]).unwrap();
    let single = Dataset::from_tensor_slices((x.clone(), y.clone())).augment(2, 1, RandAugment::default());
    let again = Dataset::from_tensor_slices((x.clone(), y.clone())).augment(1, 1, RandAugment::default());
    let read = |d: &Dataset<(Tensor, Tensor)>, epoch| {
        d.iter_epoch(epoch)
            .map(|e| e.unwrap())
            .map(|(x, y)| (x.to_bytes().unwrap(), y.item::<i32>().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(&single, 0), read(&again, 0));
    assert_ne!(read(&single, 0), read(&single, 1), "every epoch draws anew");
    assert_eq!(read(&single, 0).iter().map(|e| e.1).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);

    let one_hot =
        Tensor::from_vec((0..36).map(|i| f32::from(u8::from(i % 7 == 0))).collect(), [6, 6]).unwrap();
    let batches = || Dataset::from_vec(vec![(x.clone(), one_hot.clone())]);
    for (name, mixed) in
        [("MixUp", batches().mix(1, 2, MixUp::default())), ("CutMix", batches().mix(1, 2, CutMix::default()))]
    {
        let (images, labels) = mixed.get_single_element().unwrap();
        assert_eq!(images.shape(), x.shape(), "{name}");
        for row in labels.to_vec::<f32>().unwrap().chunks(6) {
            assert!(
                (row.iter().sum::<f32>() - 1.0).abs() < 1e-6,
                "{name}: shares of a label sum to one, found {row:?}"
            );
        }
    }
    let numbers = Dataset::from_vec(vec![(x, y)]).mix(1, 2, MixUp::default());
    assert!(numbers.get_single_element().unwrap_err().to_string().contains("one-hot"));
}

#[test]
fn the_generator_offers_what_keras_does() {
    let x = Tensor::from_vec((0..10 * 6 * 6).map(|v| v as f32).collect(), [10, 6, 6, 1]).unwrap();
    let y = Tensor::from_vec((0..10).collect::<Vec<i32>>(), [10]).unwrap();
    let plain = DataGenerator::new().validation_split(0.3);
    let labels = |subset| {
        let flow = plain.flow(&x, &y).unwrap().shuffle(false).subset(subset).load();
        flow.collect().unwrap().into_iter().flat_map(|(_, y)| y.to_vec::<i32>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(labels(Subset::Validation), [0, 1, 2]);
    assert_eq!(labels(Subset::Training), [3, 4, 5, 6, 7, 8, 9]);

    let centred = DataGenerator::new().featurewise_center(true).featurewise_std_normalization(true);
    assert!(centred.flow(&x, &y).unwrap().load().collect().is_err(), "statistics before fit");
    let fitted = centred.fit(&x).unwrap();
    let all = fitted.flow(&x, &y).unwrap().batch_size(10).load().get_single_element().unwrap().0;
    let (mean, variance) = all.moments((), false).unwrap();
    assert!(mean.item::<f32>().unwrap().abs() < 1e-4 && (variance.item::<f32>().unwrap() - 1.0).abs() < 1e-4);

    // A shift by whole pixels, filled with the border.
    let shifted = DataGenerator::new().width_shift_range(gradus_data::image::ShiftRange::OneOf(vec![2.0]));
    let one = x.slice_sizes(&[0, 0, 0, 0], &[1, -1, -1, -1]).unwrap().reshape([6, 6, 1]).unwrap();
    let row = shifted.random_transform(&one, 3).unwrap().to_vec::<f32>().unwrap()[..6].to_vec();
    assert!(row == [2.0, 3.0, 4.0, 5.0, 5.0, 5.0] || row == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0], "{row:?}");

    let dir = small(4);
    let flow =
        plain.flow_from_directory(dir.path(), Some(Subset::Training), |f| f.image_size(4, 4).batch_size(3));
    let (images, labels) = flow.unwrap().dataset.iter_epoch(0).next().unwrap().unwrap();
    assert_eq!((images.shape().dims(), labels.shape().dims()), (&[3, 4, 4, 3][..], &[3, 2][..]));
}

#[test]
fn standardization_gives_what_keras_gives() {
    let x: Vec<f32> = (0..48).map(|i| ((i * i * 7 + i * 3) % 23) as f32).collect();
    let x = Tensor::from_vec(x, [12, 2, 2, 1]).unwrap();
    // Images 0 and 5 from Keras 3.15's `ImageDataGenerator`, fitted on all twelve.
    #[allow(unused_mut, reason = "grows with the feature `whitening`")]
    let mut cases = vec![
        (
            "deviation of the set, rescaled",
            DataGenerator::new().featurewise_std_normalization(true).rescale(0.5),
            [[-1.50570, 0.03204, 0.18581, -1.04438], [-0.27551, 1.87732, -0.89060, -1.50570]],
        ),
        (
            "deviation of the sample",
            DataGenerator::new().samplewise_std_normalization(true),
            [[-1.29399, 0.86266, 1.07833, -0.64700], [-0.06030, 1.62816, -0.54272, -1.02514]],
        ),
    ];
    #[cfg(feature = "whitening")]
    cases.extend([
        (
            "whitening",
            DataGenerator::new().zca_whitening(0.1),
            [[-1.41673, -0.22302, -0.13025, -1.04042], [-0.21026, 1.42905, -0.74344, -1.36922]],
        ),
        (
            "whitening, rescaled",
            DataGenerator::new().zca_whitening(1e-6).rescale(0.1),
            [[-1.42318, -0.22511, -0.13237, -1.04503], [-0.21069, 1.43361, -0.74598, -1.37530]],
        ),
    ]);
    let images = x.unstack(0).unwrap();
    for (name, generator, want) in cases {
        let generator = generator.fit(&x).unwrap();
        for (i, want) in [0, 5].into_iter().zip(want) {
            let found = generator.standardize(&images[i]).unwrap().to_vec::<f32>().unwrap();
            let near = found.iter().zip(want).all(|(f, w)| (f - w).abs() < 2e-5);
            assert!(near, "{name}, image {i}: {found:?}, Keras {want:?}");
        }
    }
    let twice = DataGenerator::new().featurewise_center(true).horizontal_flip(true);
    let fitted = twice.clone().fit_augmented(&x, 2, 1).unwrap();
    // A flip moves no mean.
    let (a, b) = (
        fitted.standardize(&images[3]).unwrap(),
        twice.clone().fit(&x).unwrap().standardize(&images[3]).unwrap(),
    );
    let (a, b) = (a.to_vec::<f32>().unwrap(), b.to_vec::<f32>().unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
    assert!(twice.fit_augmented(&x, 0, 1).is_err(), "no rounds");
}
