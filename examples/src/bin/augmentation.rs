//! Every augmentation on one picture: a row of samples for each, on a contact sheet.

use clap::Parser;
use gradus::Tensor;
use gradus::data::image::augment::{
    Augment, AutoContrast, CenterCrop, CutMix, Equalization, Mix, MixUp, RandAugment, RandomBrightness,
    RandomColorDegeneration, RandomContrast, RandomCrop, RandomErasing, RandomFlip, RandomHue,
    RandomPosterization, RandomRotation, RandomSaturation, RandomSharpness, RandomShear, RandomTranslation,
    RandomZoom, Rescaling, Resizing, Sequence, Solarization,
};
use gradus::data::image::{DataGenerator, LoadImage};
use gradus::image::FillMode;
use gradus_examples::contact;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Side of the pictures on the sheet.
const SIDE: usize = 120;

/// Draw samples of every augmentation.
#[derive(Parser)]
struct Options {
    /// An image file; default: a drawing made here
    #[arg(long)]
    image: Option<PathBuf>,
    /// A second image for the mixtures
    #[arg(long)]
    other: Option<PathBuf>,
    /// Samples of each augmentation
    #[arg(long, default_value_t = 6)]
    samples: usize,
    /// What the samples depend on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the contact sheet goes
    #[arg(long, default_value = "augmentation.png")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(o: &Options) -> Result<(), Box<dyn Error>> {
    let picture = read(o.image.as_deref(), 0.0)?;
    let other = read(o.other.as_deref(), 0.5)?;
    let cut = SIDE * 2 / 3;
    let generator = DataGenerator::new()
        .rotation_range(40.0)
        .width_shift_range(0.2)
        .height_shift_range(0.2)
        .shear_range(20.0)
        .zoom_range(0.2)
        .horizontal_flip(true);
    let then_back = |step: Box<dyn Augment>| Enlarged { step };
    let list: Vec<Box<dyn Augment>> = vec![
        Box::new(RandomFlip::horizontal()),
        Box::new(RandomRotation::new(0.1)),
        Box::new(RandomZoom::new(0.3)),
        Box::new(RandomTranslation::new(0.2, 0.2)),
        Box::new(RandomShear::new(0.3, 0.0).fill_mode(FillMode::Constant)),
        Box::new(then_back(Box::new(RandomCrop::new(cut, cut)))),
        Box::new(then_back(Box::new(CenterCrop::new(cut, cut)))),
        Box::new(then_back(Box::new(Resizing::new(SIDE / 8, SIDE / 8)))),
        Box::new(Rescaling::new(0.5)),
        Box::new(RandomBrightness::new(0.4)),
        Box::new(RandomContrast::new(0.8)),
        Box::new(RandomSaturation::new((0.0, 0.9))),
        Box::new(RandomHue::new(1.0)),
        Box::new(RandomColorDegeneration::new(1.0)),
        Box::new(RandomSharpness::new(1.0)),
        Box::new(RandomErasing::default()),
        Box::new(Solarization::new(0.7)),
        Box::new(RandomPosterization::new(1, 5)),
        Box::new(AutoContrast::new()),
        Box::new(Equalization::new()),
        Box::new(RandAugment::default()),
        Box::new(
            Sequence::new()
                .add(RandomFlip::horizontal())
                .add(RandomRotation::new(0.1))
                .add(RandomZoom::new(0.2)),
        ),
        Box::new(generator),
    ];
    let copies: Vec<&Tensor> = vec![&picture; o.samples];
    let batch = Tensor::stack(&copies, 0)?;
    let mut sheet = vec![("original".to_string(), picture.clone())];
    for i in 1..o.samples {
        let (name, image) = if i == 1 { ("the other", &other) } else { ("original", &picture) };
        sheet.push((name.to_string(), image.clone()));
    }
    for augment in &list {
        let changed = augment.augment(&batch, o.seed)?;
        sheet.extend(changed.unstack(0)?.into_iter().map(|x| (shortened(augment.name()), x)));
    }
    // Two pictures in turn, with one-hot labels: what a label holds of each is its mixture. Many pairs, since a picture
    // may be mixed with itself, which shows nothing.
    let count = 8 * o.samples;
    let pair: Vec<&Tensor> = [&picture, &other].into_iter().cycle().take(count).collect();
    let pairs = Tensor::stack(&pair, 0)?;
    let one_hot: Vec<[f32; 2]> = (0..count).map(|i| [(1 - i % 2) as f32, (i % 2) as f32]).collect();
    let mixtures: [Box<dyn Mix>; 2] = [Box::new(MixUp::new(1.0)), Box::new(CutMix::default())];
    for mix in mixtures {
        let (x, y) = mix.mix(&pairs, &Tensor::new(one_hot.clone())?, o.seed)?;
        let shares = y.to_vec::<f32>()?;
        let mixed = shares.chunks_exact(2).zip(x.unstack(0)?).filter(|(s, _)| (0.02..0.98).contains(&s[0]));
        let captioned = mixed.map(|(s, x)| (format!("{} {:.2}", mix.name(), s[0]), x));
        sheet.extend(captioned.take(o.samples));
    }
    contact::save(&sheet, o.samples, &o.out)?;
    println!("{} augmentations: {}", list.len() + 2, o.out.display());
    Ok(())
}

/// An augmentation that changes the size, brought back to the sheet's.
#[derive(Debug)]
struct Enlarged {
    step: Box<dyn Augment>,
}

impl Augment for Enlarged {
    fn name(&self) -> &'static str {
        self.step.name()
    }
    fn augment(&self, images: &Tensor, key: u64) -> gradus::Result<Tensor> {
        Resizing::new(SIDE, SIDE).apply(&self.step.augment(images, key)?)
    }
}

/// As much of a name as fits under a picture.
fn shortened(name: &str) -> String {
    name.trim_start_matches("Random").chars().take(SIDE / 8).collect()
}

fn read(path: Option<&Path>, shift: f32) -> Result<Tensor, Box<dyn Error>> {
    if let Some(path) = path {
        return Ok(LoadImage::default().size(SIDE, SIDE).crop_to_aspect_ratio().load(path)?);
    }
    // A sun over hills, and a house that shows which side is up.
    let pixel = |y: usize, x: usize| {
        let (v, u) = (y as f32 / SIDE as f32, x as f32 / SIDE as f32);
        let hill = 0.65 + 0.1 * ((u + shift) * 9.0).sin();
        let sun = (u - 0.25 - shift).hypot(v - 0.25) < 0.13;
        let house = (u - 0.65).abs() < 0.14 && (v - 0.66).abs() < 0.12;
        let roof = v < 0.54 && v > 0.38 && (u - 0.65).abs() < (v - 0.38) * 1.2;
        match (sun, house, roof) {
            (true, _, _) => [250.0, 220.0, 60.0],
            (_, true, _) => [200.0, 180.0, 160.0],
            (_, _, true) => [180.0, 60.0, 50.0],
            _ if v > hill => [60.0 + 60.0 * v, 140.0, 60.0],
            _ => [90.0 + 80.0 * v, 150.0 + 60.0 * v, 230.0],
        }
    };
    let values: Vec<f32> = (0..SIDE).flat_map(|y| (0..SIDE).flat_map(move |x| pixel(y, x))).collect();
    Ok(Tensor::from_vec(values, [SIDE, SIDE, 3])?)
}
