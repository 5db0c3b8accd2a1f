// Saving, loading and clearing up, on a disk that works.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct CheckpointStoreTests {
  @Test func saveAndLoad() throws {
    let run = RunFolder()
    let store = try run.store()
    #expect(try store.load() == nil)
    #expect(try store.saveSample(123, loss: 2.5) == [])
    #expect(run.names == ["latest", "lock", "step-000123"])
    #expect(run.read("latest") == "step-000123\n")
    let loaded = try #require(try store.load())
    #expect(loaded.notes == [] && loaded.damages == [])
    let checkpoint = loaded.checkpoint
    #expect(checkpoint.step == 123 && checkpoint.validationLoss == 2.5)
    #expect(checkpoint.configuration == .members(["seed": .int(1)]))
    #expect(checkpoint.files == ["model.safetensors", "optimizer.safetensors", "config.json"])
    #expect(isWhole(checkpoint))
    // Readers need no lock.
    #expect(try CheckpointFolder(run.path).load()?.checkpoint.step == 123)
    // The manifest is JSON for everybody.
    let manifest = try JSONValue(parsing: try #require(run.read("step-000123/manifest.json")))
    #expect(manifest["checkpoint"]?["trainer"]?["cursor"] == .int(123 * 4096))
  }

  @Test func folders() throws {
    let run = RunFolder()
    let store = try CheckpointStore(directory: run.path + "/a/b")
    try store.saveSample(1)
    #expect(try CheckpointFolder(run.path + "/a/b").steps() == [1])
    #expect(try CheckpointFolder(run.path + "/none").load() == nil)
    try run.write("file", [1])
    #expect {
      _ = try CheckpointStore(directory: run.path + "/file/x")
    } throws: {
      "\($0)".hasSuffix("file: cannot make the folder: something else has the name")
    }
  }

  @Test func tensors() throws {
    let run = RunFolder()
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    let values: [Float] = [1, -2, 3.5]
    writer.add("w", type: .f32, shape: [3]) { give in values.withUnsafeBytes(give) }
    writer.add("big", type: .i8, shape: [1 << 20], bytes: [UInt8](repeating: 7, count: 1 << 20))
    let store = try run.store()
    try store.save(step: 1, configuration: .null, files: [CheckpointFile("model.safetensors", writer)])
    let bytes = try #require(readFile(run.path + "/step-000001/model.safetensors"))
    #expect(bytes == writer.bytes())
    let file = try SafetensorsFile(bytes: bytes, name: "model")
    #expect(file.tensors.count == 2)
  }

  @Test func names() {
    #expect(CheckpointFolder.name(7) == "step-000007")
    #expect(CheckpointFolder.name(12_345_678) == "step-12345678")
    for step in [0, 7, 999_999, 1_000_000] {
      #expect(CheckpointFolder.step(CheckpointFolder.name(step)) == step)
    }
    for name in [
      "step-7", "step-0000007", "step--00001", "step-+00001", "step-000007.partial", "latest", "step-",
    ] {
      #expect(CheckpointFolder.step(name) == nil, "\(name)")
    }
    for name in ["", ".", "..", "a/b", "/", "a\0b"] { #expect(!CheckpointManifest.isPlain(name)) }
  }

  /// The newest two and the best two stay; of equal losses the later one is the better.
  @Test func pruning() throws {
    let run = RunFolder()
    let store = try run.store(keepLast: 2, keepBest: 2)
    for (step, loss) in [(1, 3.0), (2, 1.0), (3, 2.0), (4, 2.0), (5, 5.0), (6, .nan), (7, 4.0)] {
      #expect(try store.saveSample(step, loss: loss) == [])
    }
    #expect(try store.folder.steps() == [2, 4, 6, 7])
    #expect(try store.folder.load(step: 6)?.checkpoint.validationLoss == nil)
    let one = RunFolder()
    let few = try one.store(keepLast: 1)
    for step in 1...3 { try few.saveSample(step, loss: Double(step)) }
    #expect(one.names == ["latest", "lock", "step-000003"])
  }

  /// The same step again takes the place of the old one.
  @Test func replacing() throws {
    let run = RunFolder()
    let store = try run.store()
    try store.save(step: 5, configuration: .null, files: [CheckpointFile("a", bytes: [1])])
    try store.save(step: 5, configuration: .null, files: [CheckpointFile("b", bytes: [2])])
    #expect(try store.load()?.checkpoint.files == ["b"])
    #expect(run.names == ["latest", "lock", "step-000005"])
  }

  /// A run that went back to an earlier step has given up what came after it.
  @Test func goingBack() throws {
    let run = RunFolder()
    let store = try run.store(keepLast: 3)
    for step in [100, 200, 300] { try store.saveSample(step) }
    #expect(try store.load(step: 100)?.checkpoint.step == 100)
    try store.saveSample(150)
    #expect(try store.folder.steps() == [100, 150])
    #expect {
      try store.load(step: 300)
    } throws: {
      "\($0)" == "\(run.path): no checkpoint of step 300; there are those of 100, 150"
    }
  }
}

struct CheckpointDamageTests {
  /// What happens to the newest checkpoint, and what is said about it.
  @Test(arguments: [
    ("flip model", "the checksum of model.safetensors is wrong"),
    ("flip optimizer's last", "the checksum of optimizer.safetensors is wrong"),
    ("cut", "config.json has 16 bytes instead of 17"),
    ("remove", "config.json: cannot open: No such file or directory"),
    ("flip manifest", "the checksum of manifest.json is wrong"),
    ("flip checksum", "the checksum of manifest.json is wrong"),
    ("empty manifest", "manifest.json has only 0 bytes"),
    ("no manifest", "manifest.json: cannot open: No such file or directory"),
    ("another's manifest", "manifest.json is that of step 1"),
  ])
  func fallsBack(_ damage: String, _ reason: String) throws {
    let run = RunFolder()
    let store = try run.store()
    try store.saveSample(1)
    try store.saveSample(2)
    let folder = "step-000002/"
    switch damage {
    case "flip model": try run.flip(folder + "model.safetensors", at: 0)
    case "flip optimizer's last": try run.flip(folder + "optimizer.safetensors", at: -1)
    case "cut": try run.write(folder + "config.json", [UInt8](repeating: 0, count: 16))
    case "remove": #expect(remove(run.path + "/" + folder + "config.json") == 0)
    case "flip manifest": try run.flip(folder + "manifest.json", at: -30)
    case "flip checksum": try run.flip(folder + "manifest.json", at: 13)
    case "empty manifest": try run.write(folder + "manifest.json", [])
    case "no manifest": #expect(remove(run.path + "/" + folder + "manifest.json") == 0)
    default: try run.write(folder + "manifest.json", readFile(run.path + "/step-000001/manifest.json") ?? [])
    }
    let loaded = try #require(try store.load())
    #expect(isWhole(loaded.checkpoint) && loaded.checkpoint.step == 1)
    #expect(loaded.notes.count == 2)
    #expect(
      loaded.notes[0].hasPrefix("checkpoint of step 2 is damaged: ") && loaded.notes[0].hasSuffix(reason))
    #expect(loaded.notes[1] == "going on from the checkpoint of step 1")
    // The damaged one does not count among the two that stay.
    try store.saveSample(3)
    #expect(try store.folder.steps() == [1, 3])
  }

  /// Every single bit of a manifest.
  @Test func everyBitOfAManifest() throws {
    let manifest = CheckpointManifest(
      step: 3, validationLoss: 0.5, configuration: .members(["seed": .int(1)]), metadata: sampleMetadata(3),
      files: [.init(name: "a", byteCount: 5, checksum: 0xABC)])
    var bytes = manifest.encoded
    let read = try bytes.withUnsafeBytes { try CheckpointManifest(parsing: $0) }
    #expect(read == manifest)
    for bit in 0..<8 * bytes.count {
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: ManifestProblem.self, "bit \(bit)") {
        try bytes.withUnsafeBytes { try CheckpointManifest(parsing: $0) }
      }
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
  }

  /// A manifest with a right checksum that a stranger wrote stays in its folder.
  @Test func aStrangersManifest() throws {
    let manifest = CheckpointManifest(
      step: 3, validationLoss: nil, configuration: .null, metadata: JSONObject(),
      files: [.init(name: "../../etc/passwd", byteCount: 5, checksum: 1)])
    let problem = #expect(throws: ManifestProblem.self) {
      try manifest.encoded.withUnsafeBytes { try CheckpointManifest(parsing: $0) }
    }
    #expect(problem?.text == "manifest.json lists a file without name, size or checksum")
  }

  @Test func allDamaged() throws {
    let run = RunFolder()
    let store = try run.store()
    try store.saveSample(1)
    try store.saveSample(2)
    try run.flip("step-000001/config.json", at: 0)
    try run.flip("step-000002/config.json", at: 0)
    #expect {
      try store.load()
    } throws: {
      "\($0)"
        == "\(run.path): no checkpoint can be used: checkpoint of step 2 is damaged: the checksum of config.json "
        + "is wrong; checkpoint of step 1 is damaged: the checksum of config.json is wrong"
    }
  }

  /// F81: the file `latest` is for people; whatever is wrong with it, the newest checkpoint is found, and it is said.
  @Test(arguments: ["", "step-000009\n", "\u{0}\u{1}", nil])
  func latest(_ text: String?) throws {
    let run = RunFolder()
    let store = try run.store()
    try store.saveSample(1)
    if let text {
      try run.write("latest", Array(text.utf8))
    } else {
      #expect(remove(run.path + "/latest") == 0)
    }
    let loaded = try #require(try store.load())
    #expect(loaded.checkpoint.step == 1)
    let problem = text == nil ? "there is no file \"latest\"" : "\"latest\" names no checkpoint"
    #expect(loaded.notes.count == 1 && loaded.notes[0].contains(problem))
  }
}

struct FolderLockTests {
  @Test func aSecondTrainerIsRefused() throws {
    let run = RunFolder()
    var first: CheckpointStore? = try run.store()
    #expect(first?.notes == [])
    let error = #expect(throws: CheckpointError.self) { try run.store() }
    #expect(error?.description.hasPrefix("\(run.path): process \(getpid()) on ") == true)
    #expect(
      error?.description.hasSuffix(" trains here; choose another checkpoint.directory, or end it first")
        == true)
    first = nil
    #expect(try run.store().notes == [])
  }

  /// A lock whose process has gone is taken over, and it is said whose it was.
  @Test func aStaleLock() throws {
    let run = RunFolder()
    try run.write("lock", Array("123456 elsewhere\n".utf8))
    #expect(
      try run.store().notes == ["\(run.path): process 123456 on elsewhere ended without releasing the folder"]
    )
    try run.write("lock", Array("not a lock at all".utf8))
    #expect(try run.store().notes == [])
  }

  /// Where the file system knows no locks, the name of the process decides.
  @Test func withoutLocks() {
    let owner = FolderLock.Owner(process: 42, host: "here")
    #expect(FolderLock.mayBeHeld(owner, host: "here") { $0 == 42 })
    #expect(!FolderLock.mayBeHeld(owner, host: "here") { _ in false })
    #expect(FolderLock.mayBeHeld(owner, host: "there") { _ in false })
    #expect(!FolderLock.mayBeHeld(nil, host: "here") { _ in true })
  }

  /// What killed trainers leave is put right at the next start; what is not theirs stays.
  @Test func tidying() throws {
    let run = RunFolder()
    try run.store().saveSample(1)
    mkdir(run.path + "/step-000002.partial", 0o777)
    try run.write("step-000002.partial/model.safetensors", [1, 2])
    try run.write("latest.partial", [1])
    rename(run.path + "/step-000001", run.path + "/step-000001.replaced")
    mkdir(run.path + "/mine.partial", 0o777)
    try run.write("notes.txt", [1])
    let store = try run.store()
    #expect(store.notes == ["\(run.path)/step-000002.partial: a checkpoint that was never finished, removed"])
    #expect(run.names == ["latest", "lock", "mine.partial", "notes.txt", "step-000001"])
    #expect(try store.load()?.checkpoint.step == 1)
  }

  /// Of two folders of one step the one that is whole stays.
  @Test(arguments: [true, false])
  func tidyingAReplacement(_ isNewWhole: Bool) throws {
    let run = RunFolder()
    try run.store().save(step: 1, configuration: .null, files: [CheckpointFile("old", bytes: [1])])
    rename(run.path + "/step-000001", run.path + "/step-000001.replaced")
    let other = RunFolder()
    try other.store().save(step: 1, configuration: .null, files: [CheckpointFile("new", bytes: [1])])
    rename(other.path + "/step-000001", run.path + "/step-000001")
    if !isNewWhole { try run.flip("step-000001/new", at: 0) }
    #expect(try run.store().load()?.checkpoint.files == [isNewWhole ? "new" : "old"])
    #expect(run.names == ["latest", "lock", "step-000001"])
  }
}
