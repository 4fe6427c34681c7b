//! Makes of a page what an engine reads best: upright, straight, with letters of the right height, even and clean.
//!
//! Promises: stages are pure; each is on for a measured reason; what was done and how certain it was is in the
//! result, and every word leads back to the page image. Refuses to know: engines, languages, files.

mod background;
mod border;
mod components;
mod defects;
mod direction;
mod dots;
mod filters;
mod gray;
mod letters;
mod noise;
mod placement;
mod plan;
mod recipe;
mod rules;
mod skew;
mod specks;
mod square;
mod survey;
mod view;

pub(crate) use defects::measure_quality;
pub(crate) use direction::{Direction, measure_direction};
pub(crate) use noise::is_noise;
pub(crate) use plan::{Again, Prepared, clean_page, prepare_again};
pub(crate) use recipe::Recipe;
pub(crate) use square::square_pixels;
pub(crate) use survey::Survey;
pub(crate) use view::View;

use placement::Placement;
