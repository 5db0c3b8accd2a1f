// The umbrella: `import Apus` brings every public room. Nothing else lives here.

@_exported import ApusInference
