// Times of the workers of a pool in runs that have no profile of their own: the passes of an optimiser.

/// A body of a run that adds each worker's time to `times`, handed to `run` with its context.
func withTimedBody(
  _ context: UnsafeMutableRawPointer, _ body: @convention(c) (UnsafeMutableRawPointer, Int) -> Void,
  _ times: UnsafeMutablePointer<UInt64>,
  _ run: (UnsafeMutableRawPointer, @convention(c) (UnsafeMutableRawPointer, Int) -> Void) -> Void
) {
  var timed = TimedBody(context: context, body: body, times: times)
  withUnsafeMutablePointer(to: &timed) { timed in
    run(UnsafeMutableRawPointer(timed)) { timed, worker in
      let timed = timed.assumingMemoryBound(to: TimedBody.self).pointee
      let start = MonotonicClock.nanoseconds
      timed.body(timed.context, worker)
      timed.times[worker] += MonotonicClock.nanoseconds - start
    }
  }
}

private struct TimedBody {
  let context: UnsafeMutableRawPointer
  let body: @convention(c) (UnsafeMutableRawPointer, Int) -> Void
  let times: UnsafeMutablePointer<UInt64>
}
