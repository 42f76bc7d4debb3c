//! The rules behind accent classes: a niche's colour, made visible on both grounds.

use crate::accent::parse;

/// Paper and raised white, and their dark counterparts: what an accent stands on, as linear luminance.
const LIGHT_GROUND: f64 = 0.955;
const DARK_GROUND: f64 = 0.012;
/// What WCAG 2.2 asks of graphics (1.4.11).
const CONTRAST: f64 = 3.0;

/// The rule that belongs to [`class`]; nothing for what is no colour.
pub(crate) fn rule(accent: &str) -> Option<String> {
    let rgb = parse(accent)?;
    let [r, g, b] = rgb;
    let light = hex(adjust(rgb, LIGHT_GROUND));
    let dark = hex(adjust(rgb, DARK_GROUND));
    Some(format!(".accent-{r:02x}{g:02x}{b:02x}{{--accent:light-dark({light},{dark})}}"))
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The nearest colour of the same hue that stands out from a ground, by moving OKLab lightness.
fn adjust(rgb: [u8; 3], ground: f64) -> [u8; 3] {
    let [l, a, b] = to_oklab(rgb);
    let step = if ground > 0.5 { -0.01 } else { 0.01 };
    let mut lightness = l;
    let mut colour = rgb;
    while contrast(colour, ground) < CONTRAST && (0.0..=1.0).contains(&lightness) {
        lightness += step;
        colour = from_oklab([lightness, a, b]);
    }
    colour
}

fn contrast(rgb: [u8; 3], ground: f64) -> f64 {
    let [r, g, b] = rgb.map(linear);
    let luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    (luminance.max(ground) + 0.05) / (luminance.min(ground) + 0.05)
}

fn linear(value: u8) -> f64 {
    let value = f64::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn encode(value: f64) -> u8 {
    let value = value.clamp(0.0, 1.0);
    let value = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

/// Björn Ottosson, “A perceptual color space for image processing”.
fn to_oklab(rgb: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = rgb.map(linear);
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f64; 3]) -> [u8; 3] {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        encode(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s),
        encode(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s),
        encode(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accent::class;

    #[test]
    fn an_accent_stands_out_from_both_grounds() {
        for accent in ["#ffff00", "#000033", "#2f6fde", "#ffffff", "#0a7d57"] {
            let rgb = parse(accent).expect("a colour");
            assert!(contrast(adjust(rgb, LIGHT_GROUND), LIGHT_GROUND) >= CONTRAST, "{accent} on light");
            assert!(contrast(adjust(rgb, DARK_GROUND), DARK_GROUND) >= CONTRAST, "{accent} on dark");
        }
    }

    #[test]
    fn a_good_accent_stays_as_it_is() {
        assert_eq!(rule("#0a7d57").as_deref().map(|rule| rule.contains("light-dark(#0a7d57,")), Some(true));
    }

    #[test]
    fn what_is_no_colour_never_reaches_the_style_sheet() {
        assert_eq!(rule("red;}body{display:none"), None);
        assert_eq!(class("#12345g"), "accent");
    }
}
