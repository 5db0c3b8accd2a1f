// The losses of preferences as functions: derivatives against differences, known values, and what is far out.

import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct PreferenceObjectiveTests {
  /// Holds derivatives by both sums against differences, whose error is about 1e-10 here.
  private func check(
    _ name: String, at policy: PairLogProbabilities,
    _ value: (PairLogProbabilities) -> ObjectiveValue<PairLogProbabilities>
  ) {
    let h = 1e-5
    func loss(_ chosen: Double, _ rejected: Double) -> Double {
      value(PairLogProbabilities(chosen: policy.chosen + chosen, rejected: policy.rejected + rejected)).loss
    }
    let slopes = value(policy).slopes
    let chosen = (loss(h, 0) - loss(-h, 0)) / (2 * h)
    let rejected = (loss(0, h) - loss(0, -h)) / (2 * h)
    #expect(abs(slopes.chosen - chosen) < 1e-8, "\(name) at \(policy): \(slopes.chosen), not \(chosen)")
    #expect(
      abs(slopes.rejected - rejected) < 1e-8, "\(name) at \(policy): \(slopes.rejected), not \(rejected)")
  }

  private static let points = [
    PairLogProbabilities(chosen: -12, rejected: -9), PairLogProbabilities(chosen: -3.5, rejected: -8),
    PairLogProbabilities(chosen: -20, rejected: -20),
  ]
  private let reference = PairLogProbabilities(chosen: -10, rejected: -9.5)

  @Test("derivatives are those of the loss", arguments: points)
  func pairs(_ policy: PairLogProbabilities) {
    for smoothing in [0, 0.15] {
      check("dpo", at: policy) {
        DPO.value($0, reference: reference, beta: 0.4, labelSmoothing: smoothing)
      }
      check("simpo", at: policy) {
        SimPO.value($0, tokens: (4, 7), beta: 2, margin: 0.7, labelSmoothing: smoothing)
      }
    }
    check("ipo", at: policy) { IPO.value($0, reference: reference, beta: 0.3) }
    for isDesirable in [true, false] {
      check("kto", at: policy) { pair in
        let value = KTO.value(
          pair.chosen, reference: -10, isDesirable: isDesirable, referencePoint: 0.6, beta: 0.4, weight: 1.3)
        return ObjectiveValue(
          loss: value.loss, slopes: PairLogProbabilities(chosen: value.slopes, rejected: 0))
      }
    }
    check("bradley–terry", at: policy) { pair in
      let value = BradleyTerry.value(difference: pair.difference, labelSmoothing: 0.1)
      return ObjectiveValue(
        loss: value.loss, slopes: PairLogProbabilities(chosen: value.slopes, rejected: -value.slopes))
    }
  }

  @Test("where nothing is learned yet, losses are what they are by definition")
  func start() {
    let dpo = DPO.value(reference, reference: reference, beta: 0.1)
    #expect(abs(dpo.loss - log(2)) < 1e-15 && abs(dpo.slopes.chosen + 0.05) < 1e-15)
    #expect(abs(IPO.value(reference, reference: reference, beta: 0.25).loss - 4) < 1e-15)
    let kto = KTO.value(
      -10, reference: -10, isDesirable: false, referencePoint: 0, beta: 0.1, weight: 2)
    #expect(abs(kto.loss - 1) < 1e-15 && abs(kto.slopes - 0.05) < 1e-15)
    // Means of −2 and −4 a token; 2 · 2 − 3 = 1.
    let simpo = SimPO.value(
      PairLogProbabilities(chosen: -6, rejected: -8), tokens: (3, 2), beta: 2, margin: 3)
    #expect(abs(simpo.loss - log(1 + exp(-1))) < 1e-15)
  }

  @Test("half the labels taken back, a difference has no loss to gain but at 0")
  func smoothing() {
    let value = BradleyTerry.value(difference: log(0.9 / 0.1), labelSmoothing: 0.1)
    #expect(abs(value.slopes) < 1e-15, "the loss is least where σ is 1 − ε: \(value)")
  }

  @Test("far out nothing overflows or loses its digits", arguments: [800.0, 5000, 1e300])
  func extremes(_ difference: Double) {
    let right = BradleyTerry.value(difference: difference)
    let wrong = BradleyTerry.value(difference: -difference)
    #expect(right.loss >= 0 && right.loss < 1e-300 && right.slopes <= 0 && right.slopes > -1e-300)
    #expect(wrong.loss == difference && wrong.slopes == -1)
    let lost = KTO.value(
      -difference, reference: 0, isDesirable: true, referencePoint: 0, beta: 1, weight: 1)
    #expect(lost.loss == 1 && lost.slopes <= 0 && lost.slopes > -1e-300)
    #expect(logSigmoid(40) != 0 && abs(logSigmoid(40) + exp(-40)) < 1e-30)
  }

  @Test("what is not a number stays none")
  func notANumber() {
    #expect(BradleyTerry.value(difference: .nan).loss.isNaN)
    #expect(BradleyTerry.value(difference: .nan).slopes.isNaN)
    #expect(BradleyTerry.value(difference: .infinity).loss == 0)
  }

  @Test("the reference point is a mean that is not below 0")
  func referencePoint() {
    #expect(KTO.referencePoint([1, 2, 6]) == 3)
    #expect(KTO.referencePoint([-1, -2, 2]) == 0)
    #expect(KTO.referencePoint([]) == 0)
  }
}
