// One token in the running for the next place, and the two orders samplers put tokens in.

/// A token, its logit, and its probability among the candidates once those were normalised.
package struct Candidate: Sendable, Equatable {
  package var token: Int32
  package var logit: Float
  package var probability: Float

  @inline(__always)
  package init(token: Int32, logit: Float, probability: Float = 0) {
    self.token = token
    self.logit = logit
    self.probability = probability
  }
}

/// A strict total order of candidates: ties go to the lower token, so no result depends on how a selection
/// happens to move its elements.
protocol CandidateOrder {
  func precedes(_ left: Candidate, _ right: Candidate) -> Bool
}

/// The likeliest first.
struct ByLogit: CandidateOrder {
  @inline(__always)
  func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
    left.logit > right.logit || (left.logit == right.logit && left.token < right.token)
  }
}

/// The logit closest to `center` first.
struct ByDistance: CandidateOrder {
  let center: Float

  @inline(__always)
  func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
    let near = (left.logit - center).magnitude
    let far = (right.logit - center).magnitude
    return near < far || (near == far && left.token < right.token)
  }
}
