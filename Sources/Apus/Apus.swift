// The umbrella: `import Apus` brings every public room. Nothing else lives here.

@_exported import ApusBasics
@_exported import ApusData
@_exported import ApusFiles
@_exported import ApusInference
@_exported import ApusModels
@_exported import ApusRuntime
@_exported import ApusSearch
@_exported import ApusTensor
@_exported import ApusText
