// Whether two results speak of the same thing. Another version of the program is what is compared; anything else that
// differs would be mistaken for it.

import ApusBasics

extension BenchRecord {
  /// Refuses a baseline of another machine, model, suite or setting, and names the first difference.
  ///
  /// - Throws: `BenchError.different`.
  package func check(against baseline: BenchRecord) throws(BenchError) {
    func same(_ what: String, _ now: String, _ then: String) throws(BenchError) {
      guard now == then else { throw .different(what: what, now: now, then: then) }
    }
    try same("processor", machine.processor, baseline.machine.processor)
    try same("kernel table", machine.kernels, baseline.machine.kernels)
    try same("number of threads", "\(machine.threads)", "\(baseline.machine.threads)")
    // A kernel keeps a little more or less of the same memory for itself.
    guard abs(machine.memory - baseline.machine.memory) <= baseline.machine.memory / 20 else {
      throw .different(
        what: "memory", now: sizeText(machine.memory), then: sizeText(baseline.machine.memory))
    }
    let (now, then) = (model?.name ?? "none", baseline.model?.name ?? "none")
    try same("model", now, then)
    try same("model's size", sizeText(model?.bytes ?? 0), sizeText(baseline.model?.bytes ?? 0))
    try same(
      "model '\(then)'", model.map { "one with weights " + $0.fingerprint } ?? "",
      baseline.model.map { "one with weights " + $0.fingerprint } ?? "")
    try same("suite", suites.joined(separator: ","), baseline.suites.joined(separator: ","))
    for name in Set((settings + baseline.settings).map(\.name)).sorted() {
      func value(_ record: BenchRecord) -> String {
        record.settings.first { $0.name == name }?.value ?? "not said"
      }
      try same(name, value(self), value(baseline))
    }
  }
}
