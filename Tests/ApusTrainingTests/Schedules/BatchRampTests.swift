// The growing batch: its ends, its steps, and what it refuses.

import Testing

@testable import ApusTraining

@Suite struct BatchRampTests {
  @Test func growsInMultiples() throws {
    let ramp = BatchRamp(first: 8, last: 32, steps: 12, multiple: 8)
    try ramp.validate()
    let sizes = (0..<14).map { ramp.sequences(at: $0) }
    #expect(sizes == [8, 8, 8, 8, 16, 16, 16, 16, 24, 24, 24, 24, 32, 32])
  }

  @Test func withoutRamp() throws {
    let constant = BatchRamp(first: 4, last: 16, steps: 0)
    try constant.validate()
    #expect(constant.sequences(at: 0) == 16)
    #expect(BatchRamp(first: 16, last: 16, steps: 100, multiple: 4).sequences(at: 50) == 16)
  }

  @Test(arguments: [1, 3, 7])
  func neverFallsAndNeverLeaves(_ multiple: Int) {
    let ramp = BatchRamp(first: 2 * multiple, last: 23 * multiple, steps: 1000, multiple: multiple)
    var before = 0
    for step in 0..<1100 {
      let size = ramp.sequences(at: step)
      #expect(size % multiple == 0 && size >= max(before, ramp.first) && size <= ramp.last)
      before = size
    }
    #expect(before == ramp.last)
  }

  @Test func refused() {
    func message(_ ramp: BatchRamp) -> String {
      do {
        try ramp.validate()
        return "accepted"
      } catch {
        return error.description
      }
    }
    #expect(
      message(BatchRamp(first: 4, last: 30, steps: 5, multiple: 4))
        == "batch is 30; expected a multiple of 4, the sequences computed at once")
    #expect(
      message(BatchRamp(first: 40, last: 32, steps: 5, multiple: 4))
        == "first batch is 40; expected a multiple of 4 from 4 to 32")
    #expect(message(BatchRamp(first: 0, last: 32, steps: 5)).hasPrefix("first batch is 0"))
    #expect(message(BatchRamp(first: 1, last: 2, steps: -1)) == "ramp steps is -1; expected at least 0")
    #expect(message(BatchRamp(first: 1, last: 2, steps: 1, multiple: 0)).hasPrefix("sequences at once is 0"))
  }
}
