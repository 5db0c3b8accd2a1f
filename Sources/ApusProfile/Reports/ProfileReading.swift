// Reading a profile from JSON. The file may be anybody's: what reports rely on is checked here, so that a profile that
// was read can be shown.

import ApusBasics

/// Why a profile cannot be read.
public enum ProfileError: ApusError, Equatable {
  /// The text is not JSON.
  case json(JSONError)
  /// The document is something else.
  case notAProfile
  /// The document was written by another version of Apus.
  case version(Int)
  /// A value is missing or not what belongs there.
  case value(path: String, wanted: String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .json(let error): "the profile is not JSON: \(error)"
    case .notAProfile:
      "not a profile: \"format\" should be \"\(Profile.formatName)\"; apus profile --json writes one"
    case .version(let version):
      "a profile of version \(version), and this Apus reads version \(Profile.formatVersion): make it anew, or read it "
        + "with the Apus that wrote it"
    case .value(let path, let wanted): "the profile is damaged: \(path) should be \(wanted)"
    }
  }
}

extension Profile {
  /// Reads a profile that `json` has made.
  ///
  /// - Throws: `ProfileError` with the path of the first value that is wrong.
  public init(json: JSONValue) throws(ProfileError) {
    guard json["format"]?.string == Self.formatName else { throw .notAProfile }
    let root = ProfileField(value: json, path: "")
    let version = try root["version"].count()
    guard version == Self.formatVersion else { throw .version(version) }
    workload = try root["workload"].text()
    command = try root["command"].text()
    isInterrupted = try root["interrupted"].flag()
    machine = try ProfiledMachine(root["machine"].group())
    phases = try root["phases"].list(ProfiledPhase.init)
    memory = try root["memory"].list(MemoryPurpose.init)
    memoryOverTime = try root["memoryOverTime"].list(MemorySample.init)
    system = try SystemCounts(root["system"].group())
    counters = try HardwareCounters(root["counters"].group())
    timeline = try root["timeline"].list(TimelineSpan.init)
    notes = try root["notes"].list { field throws(ProfileError) in try field.text() }
    for (index, span) in timeline.enumerated() {
      let path = "timeline[\(index)]"
      guard span.phase < phases.count else {
        throw .value(path: path + "[3]", wanted: "the place of one of \(phases.count) phases")
      }
      let operations = phases[span.phase].operations.count
      guard span.operation ?? -1 < operations else {
        throw .value(path: path + "[4]", wanted: "the place of one of \(operations) operations, or null")
      }
    }
  }

  /// Reads a profile from the bytes of a file.
  ///
  /// - Throws: `ProfileError`.
  public init(parsing bytes: [UInt8]) throws(ProfileError) {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch { throw .json(error) }
    try self.init(json: json)
  }
}

/// A value and where it stands in the document.
private struct ProfileField {
  var value: JSONValue?
  var path: String

  subscript(name: String) -> ProfileField {
    ProfileField(value: value?[name], path: path.isEmpty ? name : path + "." + name)
  }

  /// Nil for null or nothing.
  func optional<Value>(
    _ read: (ProfileField) throws(ProfileError) -> Value
  ) throws(ProfileError) -> Value? {
    value == nil || value?.isNull == true ? nil : try read(self)
  }

  /// The field itself if it holds values with names. A group whose values may all be missing must still be there: a
  /// file without one was cut or mixed up.
  func group() throws(ProfileError) -> ProfileField {
    _ = try found(value?.object, "an object")
    return self
  }

  func text() throws(ProfileError) -> String { try found(value?.string, "a text") }
  func flag() throws(ProfileError) -> Bool { try found(value?.bool, "true or false") }

  func count() throws(ProfileError) -> Int {
    try found(value?.int.flatMap { $0 >= 0 ? $0 : nil }, "a whole number that is not negative")
  }

  func long() throws(ProfileError) -> UInt64 {
    let number = value?.int.flatMap { UInt64(exactly: $0) } ?? value?.string.flatMap { UInt64($0) }
    return try found(number, "a whole number that is not negative")
  }

  func amount() throws(ProfileError) -> Double {
    try found(value?.double.flatMap { $0 >= 0 ? $0 : nil }, "a number that is not negative")
  }

  func list<Element>(
    _ read: (ProfileField) throws(ProfileError) -> Element
  ) throws(ProfileError) -> [Element] {
    var elements: [Element] = []
    for (index, element) in try found(value?.array, "a list").enumerated() {
      elements.append(try read(ProfileField(value: element, path: "\(path)[\(index)]")))
    }
    return elements
  }

  /// A list of so many values, each read by the caller.
  func row(_ count: Int) throws(ProfileError) -> [ProfileField] {
    let fields = try list { field throws(ProfileError) in field }
    guard fields.count == count else { throw .value(path: path, wanted: "a list of \(count) values") }
    return fields
  }

  private func found<Value>(_ value: Value?, _ wanted: String) throws(ProfileError) -> Value {
    guard let value else { throw .value(path: path, wanted: wanted) }
    return value
  }
}

extension ProfiledMachine {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    processor = try field["processor"].text()
    kernels = try field["kernels"].text()
    threads = try field["threads"].count()
    physicalCores = try field["physicalCores"].count()
    memoryLimit = try field["memoryLimit"].count()
    single = try MachineLimits(field["single"].group())
    all = try MachineLimits(field["all"].group())
  }
}

extension MachineLimits {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    f32 = try field["f32"].amount()
    bf16 = try field["bf16"].optional { field throws(ProfileError) in try field.amount() }
    int8 = try field["int8"].optional { field throws(ProfileError) in try field.amount() }
    readBytes = try field["readBytes"].amount()
  }
}

extension ProfiledPhase {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    name = try field["name"].text()
    wall = try field["wall"].long()
    steps = try field["steps"].count()
    tokens = try field["tokens"].count()
    operations = try field["operations"].list(OperationProfile.init)
  }
}

extension OperationProfile {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    let arithmetic = Arithmetic(rawValue: try field["arithmetic"].text())
    guard let arithmetic else {
      let names = Arithmetic.allCases.map(\.rawValue).joined(separator: ", ")
      throw .value(path: field["arithmetic"].path, wanted: "one of \(names)")
    }
    name = try field["name"].text()
    scope = try field["scope"].text()
    self.arithmetic = arithmetic
    calls = try field["calls"].count()
    flops = try field["flops"].amount()
    bytes = try field["bytes"].amount()
    busy = try field["busy"].list { field throws(ProfileError) in try field.long() }
    wait = try field["wait"].list { field throws(ProfileError) in try field.long() }
    isSerial = try field["serial"].flag()
    single = try field["single"].optional { field throws(ProfileError) in try field.long() }
  }
}

extension MemoryPurpose {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    purpose = try field["purpose"].text()
    reserved = try field["reserved"].count()
    resident = try field["resident"].optional { field throws(ProfileError) in try field.count() }
  }
}

extension MemorySample {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    let row = try field.row(2)
    time = try row[0].long()
    resident = try row[1].count()
  }
}

extension SystemCounts {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    minorFaults = try field["minorFaults"].count()
    majorFaults = try field["majorFaults"].count()
    voluntarySwitches = try field["voluntarySwitches"].count()
    involuntarySwitches = try field["involuntarySwitches"].count()
    allocations = try field["allocations"].optional { field throws(ProfileError) in try field.count() }
    throttledMicroseconds = try field["throttledMicroseconds"].optional { field throws(ProfileError) in
      try field.count()
    }
    stolenMicroseconds = try field["stolenMicroseconds"].optional { field throws(ProfileError) in
      try field.count()
    }
  }
}

extension HardwareCounters {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    cycles = try field["cycles"].optional { field throws(ProfileError) in try field.long() }
    instructions = try field["instructions"].optional { field throws(ProfileError) in try field.long() }
    cacheMisses = try field["cacheMisses"].optional { field throws(ProfileError) in try field.long() }
    branchMisses = try field["branchMisses"].optional { field throws(ProfileError) in try field.long() }
    unavailable = try field["unavailable"].optional { field throws(ProfileError) in try field.text() }
  }
}

extension TimelineSpan {
  fileprivate init(_ field: ProfileField) throws(ProfileError) {
    let row = try field.row(5)
    thread = try row[0].count()
    start = try row[1].long()
    end = try row[2].long()
    phase = try row[3].count()
    operation = try row[4].optional { field throws(ProfileError) in try field.count() }
    guard end >= start else { throw .value(path: row[2].path, wanted: "no earlier than the start, \(start)") }
  }
}
