"""The Perspective API, v1alpha1, as its clients know it: scores come from the site's engine and policy."""
