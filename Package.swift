// swift-tools-version: 6.1
// The rooms of Apus, leaf first. Imports point down only; ARCHITECTURE.md draws the map.

import PackageDescription

/// A room: a Swift target and the rooms it may import.
func room(_ name: String, _ below: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: below)
}

/// The tests of one room, with the shared checkers.
func tests(_ name: String, _ extra: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.byName(name: name), "ApusTestSupport"] + extra)
}

let package = Package(
  name: "apus",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
  ],
  traits: [
    .trait(
      name: "Compression", description: "Read .gz and .zst text with zlib and zstd (zlib1g-dev, libzstd-dev)"),
    .trait(name: "MPI", description: "Train on several machines with MPI (libopenmpi-dev)"),
    .trait(name: "History", description: "Keep a history of measurements in SQLite (libsqlite3-dev)"),
  ],
  targets: [
    .target(name: "CApusKernels"),
    .target(name: "CApusPlatform"),
    .target(name: "CAllocationCounter"),
    .target(name: "CDefaultModel", exclude: ["apus-5m.gguf"]),
    room("ApusBasics", ["CApusPlatform"]),
    room("ApusRuntime", ["ApusBasics", "CApusKernels", "CApusPlatform"]),
    room("ApusTensor", ["ApusRuntime", "ApusBasics", "CApusKernels"]),
    room("ApusFiles", ["ApusTensor", "ApusRuntime", "ApusBasics"]),
    room("ApusText", ["ApusBasics"]),
    room("ApusGraph", ["ApusTensor", "ApusRuntime", "ApusBasics", "CApusKernels"]),
    room(
      "ApusModels",
      ["ApusGraph", "ApusFiles", "ApusText", "ApusTensor", "ApusRuntime", "ApusBasics", "CApusKernels"]),
    room(
      "ApusInference",
      [
        "ApusModels", "ApusGraph", "ApusFiles", "ApusText", "ApusTensor", "ApusRuntime", "ApusBasics",
        "CApusKernels",
      ]),
    .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"]), .brew(["zstd"])]),
    .target(
      name: "ApusData",
      dependencies: [
        "ApusText", "ApusFiles", "ApusRuntime", "ApusBasics",
        .target(name: "CCompression", condition: .when(traits: ["Compression"])),
      ],
      swiftSettings: [.define("APUS_COMPRESSION", .when(traits: ["Compression"]))]),
    .systemLibrary(
      name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .target(
      name: "ApusTraining",
      dependencies: [
        "ApusData", "ApusInference", "ApusModels", "ApusGraph", "ApusFiles", "ApusText", "ApusTensor",
        "ApusRuntime", "ApusBasics", "CApusKernels",
        .target(name: "CMPI", condition: .when(traits: ["MPI"])),
      ],
      swiftSettings: [.define("APUS_MPI", .when(traits: ["MPI"]))]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .target(
      name: "ApusProfile",
      dependencies: [
        "ApusTraining", "ApusInference", "ApusModels", "ApusGraph", "ApusFiles", "ApusTensor", "ApusRuntime",
        "ApusBasics", "CApusPlatform",
        .target(name: "CSQLite", condition: .when(traits: ["History"])),
      ],
      swiftSettings: [.define("APUS_HISTORY", .when(traits: ["History"]))]),
    room("ApusSearch", ["ApusTensor", "ApusRuntime", "ApusBasics", "CApusKernels"]),
    room(
      "Apus",
      [
        "ApusTraining", "ApusData", "ApusInference", "ApusSearch", "ApusModels", "ApusFiles", "ApusText",
        "ApusTensor", "ApusRuntime", "ApusBasics",
      ]),
    .executableTarget(
      name: "ApusCommand",
      dependencies: [
        "Apus", "ApusProfile", "ApusTraining", "ApusData", "ApusInference", "ApusSearch", "ApusModels",
        "ApusGraph",
        "ApusFiles", "ApusText", "ApusTensor", "ApusRuntime", "ApusBasics", "CAllocationCounter",
        "CDefaultModel",
      ]),

    .executableTarget(name: "GenerateText", dependencies: ["Apus"], path: "Examples/GenerateText"),

    .target(
      name: "CApusTestSupport", dependencies: ["CAllocationCounter"], path: "Tests/CApusTestSupport"),
    .target(
      name: "ApusTestSupport",
      dependencies: ["ApusFiles", "ApusTensor", "ApusRuntime", "ApusBasics", "CApusTestSupport"],
      path: "Tests/ApusTestSupport"),
    tests("ApusBasics"),
    tests("ApusRuntime", ["CApusKernels", "CApusTestSupport"]),
    tests("ApusTensor", ["CApusKernels"]),
    tests("ApusFiles"),
    tests("ApusText", ["ApusFiles", "ApusBasics"]),
    tests("ApusGraph"),
    tests("ApusModels", ["ApusGraph", "ApusFiles", "ApusTensor"]),
    tests(
      "ApusInference",
      ["ApusModels", "ApusGraph", "ApusFiles", "ApusText", "ApusTensor", "ApusRuntime", "CApusKernels"]),
    .testTarget(
      name: "ApusDataTests",
      dependencies: [
        "ApusData", "ApusText", "ApusFiles", "ApusRuntime", "ApusBasics", "ApusTestSupport",
        "CApusTestSupport",
      ],
      swiftSettings: [.define("APUS_COMPRESSION", .when(traits: ["Compression"]))]),
    tests(
      "ApusTraining",
      [
        "ApusData", "ApusModels", "ApusGraph", "ApusFiles", "ApusText", "ApusTensor", "ApusRuntime",
        "ApusBasics", "CApusKernels", "CApusTestSupport",
      ]),
    .testTarget(
      name: "ApusProfileTests",
      dependencies: [
        "ApusProfile", "ApusTestSupport", "ApusTraining", "ApusInference", "ApusModels", "ApusGraph",
        "ApusTensor", "ApusRuntime", "ApusBasics",
      ],
      swiftSettings: [.define("APUS_HISTORY", .when(traits: ["History"]))]),
    tests("ApusSearch", ["ApusTensor", "ApusRuntime", "ApusBasics", "CApusTestSupport"]),
    tests("ApusCommand", ["ApusProfile", "ApusFiles", "ApusTensor", "ApusBasics"]),
  ],
  swiftLanguageModes: [.v6]
)
