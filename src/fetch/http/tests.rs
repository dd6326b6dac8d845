use super::thread;
use crate::fetch::FetchError;
use crate::flow::block_on;

#[test]
fn a_job_that_panics_is_an_error() {
    assert_eq!(block_on(thread::run(|| Ok(7)).unwrap()), Ok(7));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let job = || -> Result<u8, FetchError> { panic!("for the test") };
    let result = block_on(thread::run(job).unwrap());
    std::panic::set_hook(hook);
    assert_eq!(result, Err(FetchError::Worker));
}
