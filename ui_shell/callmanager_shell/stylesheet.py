"""The one style sheet, made of the tokens; what Qt's own input widgets look like. Our own widgets paint themselves."""

from callmanager_shell.tokens import Density, Radius, Theme, TypeSize


def stylesheet(theme: Theme, density: Density) -> str:
    height = density.control_height - 2  # plus two border pixels
    t = theme
    return f"""
QWidget {{ color: {t.text}; }}
QMainWindow, QDialog, QWidget[role="window"] {{ background: {t.background}; }}
QWidget[role="header"] {{ background: {t.surface}; border-bottom: 1px solid {t.line}; }}
QWidget[role="surface"] {{ background: {t.surface}; }}
QLabel {{ background: transparent; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="small"] {{ color: {t.muted}; font-size: {TypeSize.SMALL}px; }}
QLabel[role="error"] {{ color: {t.danger_text}; font-size: {TypeSize.SMALL}px; }}
QLabel[role="good"] {{ color: {t.good_text}; }}
QLabel[role="warning"] {{ color: {t.warning_text}; }}
QLabel[role="title"] {{ font-size: {TypeSize.TITLE}px; font-weight: 600; }}
QLabel[role="name"] {{ font-size: {TypeSize.NAME}px; font-weight: 600; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="code"] {{ font-family: "Cascadia Mono", "Menlo", "DejaVu Sans Mono", monospace; font-size: {TypeSize.SMALL}px; }}
QLineEdit, QSpinBox, QComboBox, QPlainTextEdit {{
  background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: {Radius.CONTROL}px; padding: 0 10px;
  min-height: {height}px; selection-background-color: {t.accent_fill}; selection-color: {t.on_accent};
}}
QPlainTextEdit {{ padding: 6px 6px; }}
QLineEdit:hover, QSpinBox:hover, QComboBox:hover, QPlainTextEdit:hover {{ border-color: {t.muted}; }}
QLineEdit:focus, QSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{ border: 2px solid {t.accent}; padding: 0 9px; }}
QPlainTextEdit:focus {{ padding: 5px 5px; }}
QLineEdit[invalid="true"], QPlainTextEdit[invalid="true"] {{ border-color: {t.danger}; }}
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled, QPlainTextEdit:disabled {{
  background: {t.hover}; color: {t.muted}; border-color: {t.line};
}}
QLineEdit[role="dial"], QLineEdit[role="dial"]:hover, QLineEdit[role="dial"]:focus {{
  border: none; background: transparent; font-size: {TypeSize.FIELD}px; padding: 0; min-height: 40px;
}}
QSpinBox QLineEdit, QSpinBox QLineEdit:hover, QSpinBox QLineEdit:focus {{
  border: none; background: transparent; padding: 0; margin: 0; min-height: 0; border-radius: 0;
}}
QSpinBox {{ padding-left: 6px; }}
QSpinBox:focus {{ padding-left: 5px; }}
QSpinBox::up-button, QSpinBox::down-button {{ width: 0; border: none; }}
QComboBox::drop-down {{ width: 28px; border: none; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView {{
  background: {t.raised}; border: 1px solid {t.line_strong}; border-radius: {Radius.CONTROL}px; padding: 4px; outline: none;
  selection-background-color: {t.hover}; selection-color: {t.text};
}}
QComboBox QAbstractItemView::item {{ min-height: {height}px; padding: 0 6px; border-radius: 6px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {t.line_strong}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {t.accent_fill}; }}
QSlider::handle:horizontal {{
  width: 14px; height: 14px; margin: -6px 0; border-radius: 8px; background: {t.surface}; border: 1px solid {t.muted};
}}
QSlider::handle:horizontal:hover {{ border-color: {t.accent}; }}
QSlider:focus {{ outline: none; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {t.accent}; width: 12px; height: 12px; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.muted}; }}
QSlider::handle:horizontal:disabled {{ background: {t.hover}; border-color: {t.line_strong}; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
QScrollBar::handle:vertical {{ background: {t.line_strong}; border-radius: 3px; min-height: 32px; margin: 2px; }}
QScrollBar::handle:vertical:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
  background: none; border: none; height: 0; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; }}
QScrollBar::handle:horizontal {{ background: {t.line_strong}; border-radius: 3px; min-width: 32px; margin: 2px; }}
QMenu {{
  background: {t.raised}; border: 1px solid {t.line_strong}; border-radius: {Radius.CONTROL}px; padding: 4px;
}}
QMenu::item {{ padding: 6px 24px 6px 10px; border-radius: 6px; }}
QMenu::item:selected {{ background: {t.hover}; }}
QMenu::item:disabled {{ color: {t.muted}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 6px; }}
QToolTip {{
  background: {t.toast}; color: {t.on_toast}; border: 1px solid {t.toast}; border-radius: 6px; padding: 4px 6px;
  font-size: {TypeSize.SMALL}px;
}}
.QPushButton {{
  background: {t.raised}; border: 1px solid {t.line_strong}; border-radius: {Radius.CONTROL}px; padding: 0 12px;
  min-height: {height}px; font-weight: 500;
}}
.QPushButton:hover {{ background: {t.hover}; }}
.QPushButton:pressed {{ background: {t.pressed}; }}
.QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0 11px; min-height: {height - 2}px; }}
.QPushButton:default {{ background: {t.accent_fill}; color: {t.on_accent}; border-color: {t.accent_fill}; }}
.QPushButton:disabled {{ color: {t.muted}; background: {t.hover}; border-color: {t.line}; }}
QListView, QTreeView, QTableView {{
  background: transparent; border: none; outline: none; selection-background-color: {t.hover}; selection-color: {t.text};
}}
QListView::item, QTreeView::item {{ min-height: {height}px; padding: 0 8px; border-radius: {Radius.CONTROL}px; }}
QListView::item:hover, QTreeView::item:hover {{ background: {t.hover}; }}
QListView::item:selected, QTreeView::item:selected {{ background: {t.accent_background}; color: {t.text}; }}
QListView[role="palette"]::item {{ padding: 0; min-height: 0; background: transparent; border-radius: 0; }}
QHeaderView::section {{
  background: transparent; color: {t.muted}; border: none; border-bottom: 1px solid {t.line}; padding: 6px 8px;
  font-size: {TypeSize.SMALL}px;
}}
QWidget[role="line"] {{ background: {t.line}; }}
QSplitter::handle {{ background: transparent; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; }}
QTabBar {{ background: transparent; }}
QTabBar::tab {{ padding: 8px 12px; color: {t.muted}; border-bottom: 2px solid transparent; font-weight: 500; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; font-weight: 600; }}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:focus {{ color: {t.accent}; }}
"""
