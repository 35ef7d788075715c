"""The names of lookup tables, imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_TABLES = "tf1x.lib.lookup"
_VOCABULARY = "tf1x.lib.vocabulary"
_MUTABLE = "tf1x.lib.mutable_lookup"

lazy(_TABLES, "tables_initializer", "initializers.tables_initializer", "initialize_all_tables")
for _public in (
    "KeyValueTensorInitializer",
    "StaticHashTable",
    "TextFileIndex",
    "TextFileInitializer",
):
    lazy(_TABLES, f"lookup.{_public}", f"contrib.lookup.{_public}")
for _public in (
    "InitializableLookupTableBase",
    "LookupInterface",
    "TableInitializerBase",
    "TextFileIdTableInitializer",
    "TextFileStringTableInitializer",
):
    lazy(_TABLES, f"contrib.lookup.{_public}")
lazy(_VOCABULARY, "lookup.StaticVocabularyTable", "contrib.lookup.StaticVocabularyTable")
for _public in (
    "FastHashSpec",
    "HasherSpec",
    "IdTableWithHashBuckets",
    "StrongHashSpec",
    "index_table_from_file",
    "index_to_string_table_from_file",
):
    lazy(_VOCABULARY, f"contrib.lookup.{_public}")
lazy(_MUTABLE, "contrib.lookup.MutableHashTable", "contrib.lookup.MutableDenseHashTable")
lazy(_MUTABLE, "lookup.experimental.MutableHashTable")
lazy(_MUTABLE, "lookup.experimental.DenseHashTable", attribute="MutableDenseHashTable")
for _public in (
    "HashTable",
    "index_table_from_tensor",
    "index_to_string",
    "index_to_string_table_from_tensor",
    "string_to_index",
    "string_to_index_table_from_file",
    "string_to_index_table_from_tensor",
):
    lazy("tf1x.lib.contrib.lookup", f"contrib.lookup.{_public}")
