"""`decapolis demo`: a gateway over an estate of all ten types: stand-ins, a company's schemas, and work to do."""
