"""Running a method that nobody has read: in a process that holds no truth and is ended when it goes too far.

What the method sees is written to a folder, a process of its own works on it, and what it answers is read
back as data. The pieces, from the outside in:

- :mod:`~autows.isolation.method` - the method as the harness knows it, and what runs it
- :mod:`~autows.isolation.description` - what the file says of itself, asked in the same isolation
- :mod:`~autows.isolation.handover` - the view on its way in, rows in an order that says nothing
- :mod:`~autows.isolation.sandbox` - bubblewrap: what of this machine can be seen (the boundary)
- :mod:`~autows.isolation.weights` - the pretrained models that are hidden from it
- :mod:`~autows.isolation.limits`, :mod:`~autows.isolation.supervisor`, :mod:`~autows.isolation.keeper` - how
  much may be used, who watches, and who ends everything that was started
- :mod:`~autows.isolation.syscalls` - what of the system cannot be called at all
- :mod:`~autows.isolation.child`, :mod:`~autows.isolation.guard` - what happens inside; clear reasons, no
  boundary
- :mod:`~autows.isolation.answers`, :mod:`~autows.isolation.reports` - reading what somebody else wrote

Notes
-----
With bubblewrap the method has no network, sees the system, Python and its packages, the contracts it
imports and its own two folders, all but one of them read-only, and no process but its own. Without it, it
runs with the rights of whoever runs the harness: the limits hold and honest mistakes are named, but code that
means harm can read and write what that person can, see
:func:`~autows.isolation.sandbox.what_is_not_protected`.
"""
