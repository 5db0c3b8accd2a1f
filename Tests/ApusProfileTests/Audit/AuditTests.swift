// The audit's arithmetic, on profiles whose answers are known.

import Testing

@testable import ApusProfile

@Suite struct AuditTests {
  /// The audit of one operation in a phase of a millisecond with two threads.
  private static func path(_ operation: OperationProfile, machine: ProfiledMachine = sampleMachine) -> HotPath
  {
    Audit(profile([phase([operation])], machine: machine)).hotPaths[0]
  }

  private static func isClose(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) < 1e-12 } ?? false }

  /// 250 µs of bytes in 500 µs of a millisecond: half of the roofline, half of the time.
  @Test func memoryBound() {
    let path = Self.path(
      operation("matmul Q4_K", "", .int8, flops: 1e6, bytes: 2.5e6, busy: [500_000, 500_000]))
    #expect(path.bound == .memory)
    #expect(path.share == 0.5)
    #expect(path.roofline == 0.5)
    #expect(Self.isClose(path.gain, 4.0 / 3))
    #expect(path.bytesPerSecond == 5e9)
    #expect(path.flopsPerSecond == 2e9)
    #expect(path.findings.contains("50.0 % of what memory gives"))
    #expect(path.findings.contains("1.33 × as fast"))
  }

  @Test(
    "arithmetic bounds by the peak of its type",
    arguments: [(.f32, 0.8), (.bf16, 0.4), (.int8, 0.2)] as [(Arithmetic, Double)])
  func computeBound(_ arithmetic: Arithmetic, _ roofline: Double) {
    let path = Self.path(
      operation("product", "", arithmetic, flops: 4e7, bytes: 1e5, busy: [500_000, 500_000]))
    #expect(path.bound == .compute)
    #expect(Self.isClose(path.roofline, roofline))
    #expect(Self.isClose(path.gain, 1 / (1 - 0.5 * (1 - roofline))))
  }

  /// Without instructions for a type, its work is done in f32.
  @Test func peakThatIsMissing() {
    var machine = sampleMachine
    machine.all.bf16 = nil
    let path = Self.path(
      operation("product", "", .bf16, flops: 4e7, busy: [500_000, 500_000]), machine: machine)
    #expect(Self.isClose(path.roofline, 0.8))
  }

  @Test func imbalance() {
    let path = Self.path(
      operation("attention", flops: 1e7, bytes: 1e6, busy: [800_000, 200_000], wait: [0, 600_000]))
    #expect(path.bound == .imbalance)
    #expect(path.time == 800_000)
    #expect(path.imbalance == 1.6)
    #expect(path.waiting == 0.375)
    #expect(path.findings.contains("1.60 times the mean and 37.5 %"))
  }

  /// Long calls whose threads work alike in sum, but not in each call.
  @Test func waitingThatChangesSides() {
    let path = Self.path(
      operation("attention", flops: 1e7, bytes: 1e6, busy: [300_000, 300_000], wait: [200_000, 200_000]))
    #expect(path.bound == .imbalance)
    #expect(path.imbalance == 1)
  }

  @Test("one thread alone holds up all", arguments: [[0, 200_000], [0, 0]] as [[UInt64]])
  func serial(_ wait: [UInt64]) {
    let audit = Audit(
      profile([phase([operation("norm", bytes: 1e4, busy: [200_000, 0], wait: wait, isSerial: true)])]))
    #expect(audit.hotPaths[0].bound == .serial)
    #expect(audit.hotPaths[0].time == 200_000)
    #expect(audit.hotPaths[0].imbalance == 1)
    #expect(audit.serial == 0.2)
    #expect(Self.isClose(audit.outside, 0.8))
    #expect(
      audit.facts.contains { $0.value == "20.0 %, so more threads can make it 5.0 times as fast at most" })
  }

  @Test func latency() {
    let path = Self.path(
      operation(
        "rotary", calls: 100, flops: 1e6, bytes: 1e5, busy: [400_000, 400_000], wait: [90_000, 110_000]))
    #expect(path.bound == .latency)
    #expect(path.timePerCall == 5_000)
    #expect(path.findings.contains("100 calls of 5.00 µs, 2.0 % of the roofline"))
  }

  /// Two threads that do no more than one; where they share one memory, that is all they can.
  @Test func efficiency() {
    let slow = operation("gate", bytes: 1e6, busy: [500_000, 500_000], single: 500_000)
    let path = Self.path(slow)
    #expect(path.efficiency == 0.5)
    #expect(Self.isClose(path.efficiencyLimit, 0.625))
    #expect(path.bound == .memory)
    var machine = sampleMachine
    machine.single.readBytes = 5e9
    #expect(Self.path(slow, machine: machine).bound == .serial)
  }

  /// A cache may give more than memory: there is nothing to gain then, and nothing to lose.
  @Test func aboveTheRoof() {
    let path = Self.path(operation("copy", bytes: 1e7, busy: [500_000, 500_000]))
    #expect(path.bound == .cache)
    #expect(path.roofline == 2)
    #expect(path.gain == 1)
    #expect(path.advice.contains("from a cache"))
    // Arithmetic near its own limit is what bounds it, however fast the bytes come.
    let busy = Self.path(operation("product", flops: 4e7, bytes: 1e7, busy: [500_000, 500_000]))
    #expect(busy.bound == .compute)
    #expect(busy.roofline == 2)
    #expect(busy.advice.contains("needs 80.0 % of its time at the f32 peak"))
  }

  @Test func nothingCounted() {
    let path = Self.path(operation("mystery", busy: [500_000, 500_000]))
    #expect(path.bound == .unknown)
    #expect(path.roofline == nil)
    #expect(path.gain == nil)
  }

  /// With one thread nobody waits.
  @Test func oneThread() {
    var machine = sampleMachine
    machine.threads = 1
    let path = Self.path(
      operation("norm", bytes: 1e6, busy: [400_000], wait: [0], isSerial: true, single: 400_000),
      machine: machine)
    #expect(path.bound == .memory)
    #expect(path.efficiency == 1)
  }

  @Test func kindsOverLayers() {
    let layers = (0..<5).map { layer in
      operation(
        "matmul", "backward/layer \(layer)", bytes: 1e5, busy: [layer == 3 ? 40_000 : 20_000, 20_000])
    }
    let audit = Audit(profile([phase(layers + [operation("matmul", "", .int8, busy: [1, 1])])]))
    #expect(audit.hotPaths.map(\.members) == [[0, 1, 2, 3, 4], [5]])
    #expect(audit.hotPaths[0].calls == 10)
    #expect(audit.hotPaths[0].slowLayers.isEmpty)
    var slower = layers
    slower[3].busy = [40_000, 40_000]
    let slow = Audit(profile([phase(slower)])).hotPaths[0].slowLayers
    #expect(slow == [SlowLayer(layer: 3, ratio: 2)])
  }

  @Test func wholeRun() {
    let audit = Audit(smallProfile)
    #expect(audit.hotPaths.map(\.name) == ["matmul Q4_K", "attention", "lookup"])
    #expect(audit.hotPaths.map(\.time) == [500_000, 300_000, 10_000])
    #expect(Self.isClose(audit.serial, 0.01))
    #expect(Self.isClose(audit.waiting, 0.105))
    #expect(Self.isClose(audit.outside, 0.19))
    #expect(audit.efficiency == 0.6)
    #expect(Self.isClose(audit.roofline, 0.2501 + 0.04))
    #expect(audit.residentBytes == 3_000_000)
    let figures = audit.phases[0]
    #expect(figures.tokensPerSecond == 4000)
    #expect(figures.bytesPerToken == 650_250)
    #expect(Self.isClose(figures.computeShare, 0.08))
  }

  /// Parts add up to the whole, whatever the numbers.
  @Test(arguments: 1...20 as ClosedRange<UInt64>) func partsAddUp(_ seed: UInt64) {
    let audit = Audit(modelProfile(seed: seed, layers: 3, threads: Int(seed % 5) + 1, spans: 0))
    let shares = audit.hotPaths.reduce(0) { $0 + $1.share }
    #expect(abs(shares + audit.outside - 1) < 1e-9, "seed \(seed)")
    for path in audit.hotPaths where path.time > 0 {
      #expect(path.gain ?? 1 >= 1, "seed \(seed): \(path.name)")
      #expect(path.gain ?? 1 <= 1 / (1 - path.share) + 1e-12, "seed \(seed): \(path.name)")
      #expect(!path.advice.isEmpty)
    }
    #expect(zip(audit.hotPaths, audit.hotPaths.dropFirst()).allSatisfy { $0.time >= $1.time })
  }

  @Test func nothingAtAll() {
    let audit = Audit(emptyProfile)
    #expect(audit.hotPaths.isEmpty)
    #expect(audit.roofline == 0)
    #expect(audit.outside == 0)
  }
}
