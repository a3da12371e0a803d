//! Values that are a list of fields.

/// Declares the fields once: what Python reads, what it prints and what it pickles are one list.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)+
        $(; $hidden:ident: $hidden_kind:ty,)?
    }) => {
        $(#[$doc])*
        #[pyo3::pyclass(frozen, eq, module = "easemob_presence")]
        #[expect(clippy::unsafe_derive_deserialize, reason = "the unsafe methods are pyo3's and trust no field")]
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[pyo3(get)] $field: $kind,)+
            $($hidden: $hidden_kind,)?
        }

        impl $name {
            /// The fields as the repr shows them.
            fn written(&self, py: pyo3::Python<'_>) -> pyo3::PyResult<Vec<String>> {
                Ok(vec![$(format!("{}={}", stringify!($field), $crate::values::repr(py, &self.$field)?),)+])
            }
        }
    };
}

pub(super) use fields;
